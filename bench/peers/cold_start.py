"""From nothing to the first answer: a new process reads a JPEG file and a model, and classifies it once.

    python cold_start.py --espalier ../../build/bench/espalier [--models ...] [--rounds 7]

Ours is `espalier classify`, from the start of the process to its end, which packs the weights or finds them kept by
an earlier start (--packed-weights). A peer is cold_peer.py in a new Python, measured
the same way; it also reports the lean part: time after its imports, and memory above what the process held then. All
take turns; figures are medians. Run models.py (or compare.py) first.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

from PIL import Image

import models
from process import own_session
from record import ROOT, header, write

HERE = pathlib.Path(__file__).parent


def spawn(command, nice):
    """Runs it; returns seconds from start to end, peak memory in MiB, and what it printed."""
    start = time.perf_counter()
    child = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                             preexec_fn=own_session(nice))
    said = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}: exit code {child.returncode}")
    return time.perf_counter() - start, usage.ru_maxrss / 1024, said


def picture(folder):
    path = folder / "picture.jpg"
    pixels = (models.images()[0].transpose(1, 2, 0) * 50 + 128).clip(0, 255).astype("uint8")
    Image.fromarray(pixels).resize((500, 375), Image.BICUBIC).save(path, quality=75)
    return path


def contenders(espalier, folder, image):
    model = folder / "model.onnx"
    peer = lambda name: [sys.executable, "-W", "ignore", HERE / "cold_peer.py", name, model, image, "2"]
    ours = [espalier, "classify", "--model", model, "--threads", "2", "--top", "1", "--json", image]
    tactics = ("compile", "compile+dynamic-quantization")
    kept = {"": "off", ", weights kept": folder / "packed"}
    return {**{f"espalier {tactic}{how}": [*ours, "--tactic", tactic, "--packed-weights", where]
               for how, where in kept.items() for tactic in tactics},
            "onnxruntime fp32": peer("onnxruntime"), "openvino fp32": peer("openvino")}


def measure(model, arguments):
    folder = models.ensure(model, arguments.work)
    commands = contenders(arguments.espalier, folder, picture(arguments.work))
    seen = {name: [] for name in commands}
    for round_number in range(arguments.rounds + 1):
        for name, command in commands.items():
            result = spawn(command, arguments.nice)
            if round_number:  # the first fills the page cache, and keeps weights
                seen[name].append(result)
    middle = lambda values: round(statistics.median(values), 4)
    for name, results in seen.items():
        row = {"model": model, "contender": name, "weights_mib": round((folder / "model.onnx").stat().st_size / 2**20, 1),
               "seconds": middle(r[0] for r in results), "peak_rss_mib": middle(r[1] for r in results), "raw": [r[:2] for r in results]}
        if not name.startswith("espalier"):
            lean = [json.loads(r[2].splitlines()[-1]) for r in results]
            row.update(lean_seconds=middle(r["seconds"] for r in lean), lean_rss_mib=middle(r["rss_mib"] for r in lean))
        print(f"{model:16s} {name:54s} {row['seconds']:.3f} s {row['peak_rss_mib']:6.0f} MiB"
              f"   lean {row.get('lean_seconds', '')} s {row.get('lean_rss_mib', '')} MiB", flush=True)
        yield row


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--espalier", type=pathlib.Path, default=ROOT / "build/bench/espalier")
    parser.add_argument("--work", type=pathlib.Path, default=ROOT / "out/bench")
    parser.add_argument("--models", default="mobilenet_v2,resnet50,vit_b_16")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--nice", type=int, default=0)
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "bench/results/cold_start.json")
    arguments = parser.parse_args()
    rows = [row for model in arguments.models.split(",") for row in measure(model, arguments)]
    write(arguments.output, {**header("cold-start"), "rounds": arguments.rounds, "rows": rows})


if __name__ == "__main__":
    main()
