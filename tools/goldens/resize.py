"""Writes src/datasets/goldens/resize.tsv: what Pillow's Image.resize gives for noise of random sizes.

    python tools/goldens/resize.py

Only sizes, seeds and hashes are stored; both sides make the noise with the same formula. Made with Pillow 9.4.0,
that of Debian 12; versions up to 12.0.0 give the same. Pillow 12.3.0 (1 of the first 240 rows) and 13.0.0 (29) filter
vertically first where an image becomes lower and wider, which rounds differently.
"""

import hashlib
import pathlib
import random

import numpy as np
import PIL
from PIL import Image

FILTERS = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic", 4: "box", 5: "hamming"}


def noise(height, width, channels, seed):
    """Pixel i is the top byte of a multiplicative hash of i + seed * 7919."""
    i = np.arange(height * width * channels, dtype=np.uint64) + np.uint64(seed * 7919)
    x = (i * np.uint64(2654435761)) & np.uint64(0xFFFFFFFF)
    x = ((x ^ (x >> np.uint64(15))) * np.uint64(2246822519)) & np.uint64(0xFFFFFFFF)
    pixels = (x >> np.uint64(24)).astype(np.uint8)
    return pixels.reshape((height, width, channels) if channels == 3 else (height, width))


def main():
    assert tuple(map(int, PIL.__version__.split(".")[:2])) <= (12, 0), "use an older Pillow; see above"
    draw = random.Random(20261123)
    rows = ["seed\theight\twidth\tchannels\tto_height\tto_width\tfilter\tsha256_first16"]
    for seed in range(1000):
        limit = draw.choice([9, 40, 130, 700])
        height, width = draw.randint(1, limit), draw.randint(1, limit)
        to_height, to_width = draw.randint(1, draw.choice([9, 130, 400])), draw.randint(1, draw.choice([9, 130, 400]))
        if draw.random() < 0.1:
            to_height = height
        if draw.random() < 0.1:
            to_width = width
        channels, filter_ = draw.choice([1, 3]), seed % len(FILTERS)
        image = Image.fromarray(noise(height, width, channels, seed))
        resized = np.asarray(image.resize((to_width, to_height), resample=filter_))
        digest = hashlib.sha256(np.ascontiguousarray(resized).tobytes()).hexdigest()[:16]
        rows.append("\t".join(map(str, [seed, height, width, channels, to_height, to_width, filter_, digest])))
    target = pathlib.Path(__file__).parents[2] / "src" / "datasets" / "goldens" / "resize.tsv"
    target.write_text("\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
