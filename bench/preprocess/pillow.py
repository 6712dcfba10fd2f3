"""The same work as bench_preprocess, with Pillow and NumPy on one core:

    python bench/preprocess/pillow.py PROCESSOR.json EDGE IMAGE...

Only what the slow image processors do for a Bit- or ViT-like file (resize, centre crop, rescale, normalise), written
as leanly as NumPy allows, so that the comparison is with Pillow and not with a library's overhead.
"""

import json
import statistics
import sys
import time

import numpy as np
from PIL import Image

ROUNDS = 15


def preprocess(image, config, edge):
    size = config["size"]
    if "shortest_edge" in size:
        short, (width, height) = size["shortest_edge"], image.size
        target = (short, int(short * height / width)) if width <= height else (int(short * width / height), short)
    else:
        target = (size["width"], size["height"])
    image = image.resize(target, resample=config["resample"])
    if config.get("do_center_crop"):
        left, top = (image.width - edge) // 2, (image.height - edge) // 2
        image = image.crop((left, top, left + edge, top + edge))
    values = (np.asarray(image).astype(np.float64) * config["rescale_factor"]).astype(np.float32)
    values = (values - np.float32(config["image_mean"])) / np.float32(config["image_std"])
    return np.ascontiguousarray(values.transpose(2, 0, 1))


def main():
    config, edge, images = json.load(open(sys.argv[1])), int(sys.argv[2]), sys.argv[3:]
    decoding, preprocessing = [], []
    for _ in range(ROUNDS):
        decode_s = preprocess_s = 0.0
        for path in images:
            start = time.perf_counter()
            image = Image.open(path).convert("RGB")
            decoded = time.perf_counter()
            preprocess(image, config, edge)
            decode_s += decoded - start
            preprocess_s += time.perf_counter() - decoded
        decoding.append(1e3 * decode_s / len(images))
        preprocessing.append(1e3 * preprocess_s / len(images))
    print(json.dumps({"decode_ms": round(statistics.median(decoding), 4),
                      "preprocess_ms": round(statistics.median(preprocessing), 4), "images": len(images)}))


if __name__ == "__main__":
    main()
