"""JPEG files to tensors on one core: bench_preprocess beside Pillow with NumPy, in turns, compared bit for bit.

    python jpeg.py [--espalier build/bench/bench_preprocess] [--rounds 5]

Pillow's side is what the slow image processors do (decode, resize, rescale, normalize), written as leanly as NumPy
allows while every step rounds as theirs does, so that the comparison is with Pillow and not with a library's overhead.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

import numpy as np
from PIL import Image

from process import own_session
from record import ROOT, header, write

FILTERS = {"bilinear": 2, "bicubic": 3}
WIDTH, HEIGHT, EDGE, IMAGES = 500, 375, 224, 24


def processor(resample):
    return {"image_processor_type": "ViTImageProcessor", "do_resize": True, "size": {"height": EDGE, "width": EDGE},
            "resample": resample, "do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True,
            "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}


def photographs(folder):
    """Seeded pictures with edges, gradients and grain, which JPEG packs about as well as photographs."""
    random, paths = np.random.default_rng(11), []
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(IMAGES):
        coarse = Image.fromarray(random.integers(0, 256, (12, 16, 3), np.uint8)).resize((WIDTH, HEIGHT), Image.BICUBIC)
        edges = Image.fromarray(random.integers(0, 256, (25, 33, 3), np.uint8)).resize((WIDTH, HEIGHT), Image.NEAREST)
        mixed = 0.6 * np.asarray(coarse, float) + 0.3 * np.asarray(edges, float) + random.normal(12, 9, (HEIGHT, WIDTH, 1))
        paths.append(folder / f"{i:02}.jpg")
        Image.fromarray(mixed.clip(0, 255).astype(np.uint8)).save(paths[-1], quality=75)
    return paths


def pillow(path, config):
    image = Image.open(path).convert("RGB").resize((EDGE, EDGE), resample=config["resample"])
    values = (np.asarray(image).astype(np.float64) * config["rescale_factor"]).astype(np.float32)
    values = (values - np.float32(config["image_mean"])) / np.float32(config["image_std"])
    return np.ascontiguousarray(values.transpose(2, 0, 1))


def pillow_ms(paths, config, rounds=5):
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        for path in paths:
            pillow(path, config)
        times.append(1e3 * (time.perf_counter() - start) / len(paths))
    return statistics.median(times)


def ours_ms(program, paths, config_path, tensors):
    said = json.loads(subprocess.run([program, config_path, str(EDGE), tensors, *paths], check=True, capture_output=True,
                                     text=True).stdout)
    return said["decode_ms"] + said["preprocess_ms"]


def compare(name, resample, paths, arguments):
    config_path, tensors = arguments.work / f"{name}.json", arguments.work / f"{name}.f32"
    config_path.write_text(json.dumps(processor(resample)))
    ours, theirs = [], []
    for _ in range(arguments.rounds):
        ours.append(ours_ms(arguments.espalier, paths, config_path, tensors))
        theirs.append(pillow_ms(paths, processor(resample)))
    expected = np.stack([pillow(path, processor(resample)) for path in paths])
    equal = np.array_equal(np.fromfile(tensors, np.uint32), expected.view(np.uint32).ravel())
    row = {"resample": name, "espalier_ms": round(statistics.median(ours), 4), "pillow_ms": round(statistics.median(theirs), 4),
           "bit_equal": bool(equal), "raw": {"espalier_ms": ours, "pillow_ms": theirs}}
    print(f"{name:9s} Espalier {row['espalier_ms']:.3f} ms   Pillow {row['pillow_ms']:.3f} ms   "
          f"{row['pillow_ms'] / row['espalier_ms']:.2f} times as fast   {'bit-equal' if equal else 'NOT EQUAL'}", flush=True)
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--espalier", type=pathlib.Path, default=ROOT / "build/bench/bench_preprocess")
    parser.add_argument("--work", type=pathlib.Path, default=ROOT / "out/bench/jpeg")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--nice", type=int, default=0)
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "bench/results/jpeg.json")
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    if arguments.nice:
        if os.getpgrp() == os.getpid() and (child := os.fork()):  # the leader of a group cannot leave its session
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        own_session(arguments.nice)()
    paths = photographs(arguments.work)
    rows = [compare(name, resample, paths, arguments) for name, resample in FILTERS.items()]
    write(arguments.output, {**header("jpeg"), "images": len(paths),
                             "size": f"{WIDTH}x{HEIGHT}", "mean_kib": statistics.fmean(p.stat().st_size for p in paths) / 1024,
                             "rows": rows})
    return 0 if all(row["bit_equal"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
