"""Renders the zoo's labelled images: one shape of a known class in a cluttered scene.

Every image is a function of (split, class, index) alone: the same numbers give the same image whatever was rendered
before. What makes the task hard: tilt, shear and size, textured fills against textured backgrounds, distractors,
occluders, uneven light, blur, sensor noise, sometimes only an outline. One scene in five is murky: more
of all that at once, and little contrast. Murky scenes keep good nets from perfection; clear ones small nets can learn.

    python render.py            writes images/test (1,000) and images/calibration (200), JPEG 4:4:4
"""

import argparse
import dataclasses
import io
import pathlib

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from shapes import CLASSES, OUTLINES

SEED = 2411
SPLITS = {"train": 0, "test": 1, "calibration": 2}
#: (width, height) of the scenes: mostly square, some landscape and portrait, so that cropping and warping differ.
SIZES = [(72, 72), (72, 72), (84, 72), (72, 84), (80, 64), (64, 80)]
#: Shapes never drawn as an outline only: it would be another class, or nothing.
HOLLOW = ("crescent", "gear", "ring", "spiral")
#: Polygons are drawn this many times larger and averaged down: the antialiasing.
OVERSAMPLE = 4
#: JPEG quality.
QUALITY = 85


@dataclasses.dataclass
class Conditions:
    """How hard a scene is; pairs are the ends of a range. Colours are in 0..1, blur in pixels."""

    background_spread: float
    fill_spread: float
    contrast: tuple
    distractors: tuple
    occluders: tuple
    blob_chance: float
    outline_chance: float
    blur: float
    noise: float


CLEAR = Conditions(0.2, 0.12, (0.45, 0.9), (0, 3), (0, 2), 0.2, 0.05, 0.8, 0.03)
MURKY = Conditions(0.4, 0.2, (0.2, 0.6), (2, 6), (0, 3), 0.4, 0.1, 1.2, 0.05)
MURKY_SHARE = 0.2


def generator(split, label, index):
    """The random generator of one image."""
    return np.random.default_rng([SEED, SPLITS[split], label, index])


def colour(rng):
    return rng.uniform(0.08, 0.92, 3)


def noise_field(rng, size, cells):
    """Smooth noise [h, w] in 0..1: a coarse random grid scaled up."""
    grid = rng.integers(0, 256, (cells, cells), dtype=np.uint8)
    return np.asarray(Image.fromarray(grid).resize(size, Image.Resampling.BICUBIC), np.float32) / 255


def texture(rng, size, base, spread):
    """A textured surface [h, w, 3] around colour `base`, its second colour at most `spread` away."""
    width, height = size
    second = np.clip(base + rng.uniform(-spread, spread, 3), 0, 1)
    y, x = np.mgrid[0:height, 0:width] / max(size)
    angle, frequency, phase = rng.uniform(0, 2 * np.pi), rng.uniform(4, 16), rng.uniform(0, 2 * np.pi)
    u, v = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    kind = rng.integers(5)
    if kind == 0:
        blend = u - u.min()
    elif kind == 1:
        blend = 0.5 + 0.5 * np.sin(2 * np.pi * frequency * u + phase)
    elif kind == 2:
        blend = (np.sin(np.pi * frequency * u + phase) * np.sin(np.pi * frequency * v) > 0).astype(np.float32)
    elif kind == 3:
        blend = noise_field(rng, size, int(rng.integers(3, 7)))
    else:
        blend = noise_field(rng, size, int(rng.integers(12, 28)))
    return base + np.clip(blend, 0, 1)[..., None] * (second - base)


def silhouette(size, polygons):
    """Coverage mask [h, w] in 0..1 of (points in pixels, inside) pairs drawn in order."""
    width, height = size
    canvas = Image.new("L", (width * OVERSAMPLE, height * OVERSAMPLE), 0)
    draw = ImageDraw.Draw(canvas)
    for points, inside in polygons:
        draw.polygon([tuple(p) for p in points * OVERSAMPLE], fill=255 * inside)
    return np.asarray(canvas.resize(size, Image.Resampling.BOX), np.float32) / 255


def pose(rng, radius):
    """A random linear map [2, 2]: tilt within 30 degrees, anisotropic scale and shear at about `radius` pixels."""
    def rotation(angle):
        return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    squeeze = np.diag([1.0, rng.uniform(0.8, 1.0)]) @ np.array([[1.0, rng.uniform(-0.15, 0.15)], [0.0, 1.0]])
    axis = rotation(rng.uniform(0, 2 * np.pi))
    return radius * rotation(rng.uniform(-np.pi / 6, np.pi / 6)) @ axis @ squeeze @ axis.T


def place(rng, outline, centre, radius):
    """An outline moved into the picture: [(points in pixels, inside)]."""
    transform = pose(rng, radius)
    return [(points @ transform.T + centre, inside) for points, inside in outline]


def stroke(rng, size, width):
    """Mask of a random curved stroke through the picture."""
    t = np.linspace(0, 1, 24)[:, None]
    a, b, c = (rng.uniform(-0.1, 1.1, 2) * size for _ in range(3))
    spine = (1 - t) ** 2 * a + 2 * t * (1 - t) * b + t**2 * c
    along = np.gradient(spine, axis=0)
    side = np.stack([-along[:, 1], along[:, 0]], 1) / (np.linalg.norm(along, axis=1, keepdims=True) + 1e-6) * width / 2
    return silhouette(size, [(np.concatenate([spine + side, (spine - side)[::-1]]), 1)])


def paint(image, mask, surface):
    return image + mask[..., None] * (surface - image)


def distractors(rng, size, image, conditions):
    """Small blobs and strokes that are not the subject."""
    for _ in range(rng.integers(*conditions.distractors)):
        if rng.random() < 0.5:
            mask = stroke(rng, size, rng.uniform(1, 3))
        else:
            corners = int(rng.integers(3, 9))
            blob = [(np.stack([np.cos(a := np.sort(rng.uniform(0, 2 * np.pi, corners))), np.sin(a)], 1), 1)]
            mask = silhouette(size, place(rng, blob, rng.uniform(0, 1, 2) * size, rng.uniform(2, 6)))
        image = paint(image, mask * rng.uniform(0.4, 0.9), texture(rng, size, colour(rng), 0.3))
    return image


def subject(rng, size, image, name, conditions):
    """The shape itself, with a cast shadow now and then, in a fill that may be close to the background."""
    span = min(size)
    radius = span * rng.uniform(0.3, 0.42)
    centre = np.asarray(size) / 2 + rng.uniform(-1, 1, 2) * np.maximum(0, span * 0.44 - radius)
    polygons = place(rng, OUTLINES[name](rng), centre, radius)
    mask = silhouette(size, polygons)
    if rng.random() < 0.4:
        offset = rng.uniform(-4, 4, 2)
        shadow = silhouette(size, [(points + offset, inside) for points, inside in polygons])
        image = image * (1 - 0.5 * shadow[..., None])
    local = (image * mask[..., None]).sum((0, 1)) / (mask.sum() + 1e-6)
    direction = rng.normal(size=3)
    direction *= rng.uniform(*conditions.contrast) / np.linalg.norm(direction)
    fill = np.where((local + direction < 0) | (local + direction > 1), local - direction, local + direction)
    if name not in HOLLOW and rng.random() < conditions.outline_chance:
        inner = silhouette(size, [((points - centre) * 0.78 + centre, inside) for points, inside in polygons])
        mask = np.clip(mask - inner, 0, 1)
    return paint(image, mask, texture(rng, size, fill, conditions.fill_spread)), centre, radius


def occlude(rng, size, image, centre, radius, conditions):
    """Thin strokes and a small blob across the subject."""
    for _ in range(rng.integers(*conditions.occluders)):
        image = paint(image, stroke(rng, size, rng.uniform(1.5, 3.5)), texture(rng, size, colour(rng), 0.3))
    if rng.random() < conditions.blob_chance:
        spot = centre + rng.normal(size=2) * radius * 0.7
        blob = place(rng, OUTLINES["disc"](rng), spot, radius * rng.uniform(0.15, 0.32))
        image = paint(image, silhouette(size, blob), texture(rng, size, colour(rng), 0.3))
    return image


def camera(rng, size, image, conditions):
    """Uneven light, contrast, blur and sensor noise; returns an 8-bit RGB picture."""
    light = 1 + rng.uniform(0.0, 0.5) * (noise_field(rng, size, 2) - 0.5)
    image = 0.5 + (image * light[..., None] - 0.5) * rng.uniform(0.45, 1.0) + rng.uniform(-0.12, 0.12)
    picture = Image.fromarray((np.clip(image, 0, 1) * 255).astype(np.uint8))
    picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0, conditions.blur)))
    noise = rng.normal(size=(*picture.size[::-1], 3)) * 255 * rng.uniform(0, conditions.noise)
    return Image.fromarray(np.clip(np.asarray(picture, np.float32) + noise + 0.5, 0, 255).astype(np.uint8))


def render(split, label, index):
    """One scene as a Pillow RGB image."""
    rng = generator(split, label, index)
    size = SIZES[rng.integers(len(SIZES))]
    conditions = MURKY if rng.random() < MURKY_SHARE else CLEAR
    image = texture(rng, size, colour(rng), conditions.background_spread)
    image = distractors(rng, size, image, conditions)
    image, centre, radius = subject(rng, size, image, CLASSES[label], conditions)
    image = occlude(rng, size, image, centre, radius, conditions)
    return camera(rng, size, image, conditions)


def jpeg(picture):
    """The file's bytes: 4:4:4, so that decoders cannot differ in how they interpolate chroma."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=QUALITY, subsampling=0)
    return buffer.getvalue()


def write_split(folder, split, per_class):
    """Writes `per_class` images of every class as an ImageFolder."""
    for label, name in enumerate(CLASSES):
        target = pathlib.Path(folder, name)
        target.mkdir(parents=True, exist_ok=True)
        for index in range(per_class):
            (target / f"{index:04d}.jpg").write_bytes(jpeg(render(split, label, index)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", default=pathlib.Path(__file__).parent / "images", help="folder to write")
    out = pathlib.Path(parser.parse_args().out)
    write_split(out / "test", "test", 50)
    write_split(out / "calibration", "calibration", 10)


if __name__ == "__main__":
    main()
