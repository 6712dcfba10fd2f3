"""The twenty outlines the zoo's classifiers learn to tell apart.

An outline is a list of (points, inside) pairs drawn in order: `inside` 1 adds the polygon to the silhouette, 0 cuts it
out. Points are an array [n, 2] in a unit frame: the silhouette fits a circle of radius about 1 around the origin.
Proportions vary with the generator, so that no class is one fixed template.
"""

import numpy as np

TAU = 2 * np.pi


def polar(radius, angle):
    """Points [n, 2] at `radius` and `angle` (radians, broadcast against each other)."""
    radius, angle = np.broadcast_arrays(radius, angle)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def arc(centre, radius, start, stop, count=40):
    """Points [count, 2] along a circular arc from angle `start` to `stop`."""
    return np.asarray(centre) + polar(radius, np.linspace(start, stop, count))


def regular(corners):
    """Outline of a regular polygon."""
    return lambda rng: [(polar(1.0, TAU * np.arange(corners) / corners), 1)]


def star(spikes, low, high):
    """Outline of a star whose inner radius is drawn from [low, high]."""
    def outline(rng):
        radius = np.tile([1.0, rng.uniform(low, high)], spikes)
        return [(polar(radius, TAU * np.arange(2 * spikes) / (2 * spikes)), 1)]
    return outline


def arrow(rng):
    shaft, neck, head = rng.uniform(0.17, 0.27), rng.uniform(-0.05, 0.25), rng.uniform(0.55, 0.75)
    half = [(-1, shaft), (neck, shaft), (neck, head), (1, 0)]
    return [(np.array(half + [(x, -y) for x, y in half[-2::-1]]), 1)]


def bolt(rng):
    w = rng.uniform(0.9, 1.15)
    return [(np.array([(0.25, -1), (-0.5, 0.15), (-0.05, 0.15), (-0.3, 1), (0.5, -0.25), (0.05, -0.25)]) * [w, 1], 1)]


def crescent(rng):
    shift = rng.uniform(0.38, 0.58)
    return [(arc((0, 0), 1, 0, TAU, 80), 1), (arc((shift, 0), rng.uniform(0.8, 0.92), 0, TAU, 80), 0)]


def cross(rng):
    w = rng.uniform(0.24, 0.36)
    quarter = np.array([(1, -w), (1, w), (w, w)])
    turn = np.array([(0, 1), (-1, 0)])
    return [(np.concatenate([quarter @ np.linalg.matrix_power(turn, k) for k in range(4)]), 1)]


def disc(rng):
    return [(arc((0, 0), 0.95, 0, TAU, 80), 1)]


def drop(rng):
    angle = np.linspace(0, TAU, 80)
    return [(np.stack([np.cos(angle), rng.uniform(1.1, 1.4) * np.sin(angle) * np.sin(angle / 2) ** 1.5 * 0.75], 1), 1)]


def flower(rng):
    petals = int(rng.integers(5, 7))
    angle = np.linspace(0, TAU, 160)
    return [(polar(0.78 + rng.uniform(0.16, 0.24) * np.cos(petals * angle), angle), 1)]


def gear(rng):
    teeth = int(rng.integers(8, 10))
    angle = np.linspace(0, TAU, 40 * teeth, endpoint=False)
    radius = np.where(np.cos(teeth * angle) > 0, 1.0, rng.uniform(0.74, 0.82))
    return [(polar(radius, angle), 1), (arc((0, 0), rng.uniform(0.2, 0.32), 0, TAU), 0)]


def half_disc(rng):
    return [(arc((-0.4, 0), 1, -TAU / 4, TAU / 4, 60), 1)]


def heart(rng):
    t = np.linspace(0, TAU, 80)
    x = 16 * np.sin(t) ** 3
    y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return [(np.stack([x, -(y + 2.5)], axis=1) / 17 * [rng.uniform(0.95, 1.1), 1], 1)]


def hourglass(rng):
    w, waist = rng.uniform(0.6, 0.75), rng.uniform(0.08, 0.18)
    return [(np.array([(-w, -0.9), (w, -0.9), (waist, 0), (w, 0.9), (-w, 0.9), (-waist, 0)]), 1)]


def leaf(rng):
    offset = rng.uniform(0.6, 0.9)
    radius, reach = np.hypot(1, offset), np.arctan2(1, offset)
    upper = arc((0, -offset), radius, TAU / 4 - reach, TAU / 4 + reach)
    return [(np.concatenate([upper, -upper]), 1)]


def ring(rng):
    return [(arc((0, 0), 0.97, 0, TAU, 80), 1), (arc((0, 0), rng.uniform(0.45, 0.65), 0, TAU, 80), 0)]


def spiral(rng):
    turns, half = rng.uniform(1.9, 2.3), rng.uniform(0.09, 0.12)
    angle = np.linspace(0.25, TAU * turns, 160)
    radius = 0.9 * angle / angle[-1]
    return [(np.concatenate([polar(radius + half, angle), polar(np.maximum(radius - half, 0), angle)[::-1]]), 1)]


#: Class name -> outline(rng). Sorted names are the class indices, as ImageFolder numbers them.
OUTLINES = {
    "arrow": arrow,
    "bolt": bolt,
    "crescent": crescent,
    "cross": cross,
    "disc": disc,
    "drop": drop,
    "flower": flower,
    "gear": gear,
    "half-disc": half_disc,
    "heart": heart,
    "hexagon": regular(6),
    "hexagram": star(6, 0.52, 0.62),
    "hourglass": hourglass,
    "leaf": leaf,
    "pentagon": regular(5),
    "ring": ring,
    "spiral": spiral,
    "square": regular(4),
    "star": star(5, 0.38, 0.5),
    "triangle": regular(3),
}
CLASSES = sorted(OUTLINES)
