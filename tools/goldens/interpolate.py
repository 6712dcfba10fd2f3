"""Writes interpolate/interpolate.json: what torch.nn.functional.interpolate gives for small tables.

    python tools/goldens/interpolate.py        (torch 2.14; align_corners=False, double precision)

Cell i of a table [h, w, c] is sin(i), so that only results are stored.
"""

import json
import pathlib

import torch

# from (h, w), to (h, w), channels: shrinking, growing, one axis each way, a single cell, the same size, DINOv2's own.
SIZES = [((5, 4), (3, 7), 2), ((2, 3), (5, 5), 1), ((1, 1), (2, 3), 3), ((1, 6), (4, 2), 1), ((3, 3), (3, 3), 2),
         ((37, 37), (16, 16), 1)]
MODES = {"bilinear": {"mode": "bilinear"}, "bicubic": {"mode": "bicubic"},
         "bicubic_antialias": {"mode": "bicubic", "antialias": True}}


def main():
    cases = []
    for (h, w), size, channels in SIZES:
        table = torch.sin(torch.arange(h * w * channels, dtype=torch.float64)).reshape(1, h, w, channels)
        for name, options in MODES.items():
            y = torch.nn.functional.interpolate(table.permute(0, 3, 1, 2), size=size, align_corners=False, **options)
            values = [round(v, 8) for v in y.permute(0, 2, 3, 1).flatten().tolist()]
            cases.append({"how": name, "from": [h, w, channels], "to": list(size), "values": values})
    target = pathlib.Path(__file__).parent / "interpolate" / "interpolate.json"
    target.write_text("[" + ",\n ".join(json.dumps(case) for case in cases) + "]\n")


if __name__ == "__main__":
    main()
