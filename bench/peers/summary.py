"""From slices to figures: medians over rounds, bootstrap intervals with the round as the unit, ratios to the best peer."""

import math
import random
import statistics

RESAMPLES = 2000


def key(row):
    return row["model"], row["batch"], row["threads"]


def measured(rows):
    return [row for row in rows if row["slices"] and "failed" not in row]


def trusted(row):
    """The slices that count: the clean ones, or all where fewer than half are clean."""
    clean = [s for s in row["slices"] if s["clean"]]
    return clean if 2 * len(clean) >= len(row["slices"]) else row["slices"]


def disturbed(row):
    return 2 * sum(s["clean"] for s in row["slices"]) < len(row["slices"])


def median_ms(row):
    return statistics.median(s["median_ms"] for s in trusted(row))


def fastest_ms(row):
    """The fastest call of all: what the contender does when nothing interferes."""
    return min(s["fastest_ms"] for s in row["slices"])


def interval(draw, seed=1):
    """95 % percentile interval of draw(random) over resamples."""
    chance = random.Random(seed)
    values = sorted(draw(chance) for _ in range(RESAMPLES))
    return values[round(0.025 * (RESAMPLES - 1))], values[round(0.975 * (RESAMPLES - 1))]


def resampled(row, chance):
    times = [s["median_ms"] for s in trusted(row)]
    return statistics.median(chance.choices(times, k=len(times)))


def fastest(rows, precision, ours):
    candidates = [r for r in measured(rows) if r["precision"] == precision and (r["peer"] == "espalier") == ours]
    return min(candidates, key=median_ms, default=None)


def pairs(rows, precision):
    """(our fastest, the fastest peer) of every model, batch and thread count where both were measured."""
    found = []
    for cell in dict.fromkeys(map(key, rows)):
        here = [row for row in rows if key(row) == cell]
        ours, peer = fastest(here, precision, True), fastest(here, precision, False)
        if ours and peer:
            found.append((ours, peer))
    return found


def ratio(ours, peer):
    """How many times as fast as the peer: figure, low, high."""
    low, high = interval(lambda chance: resampled(peer, chance) / resampled(ours, chance))
    return median_ms(peer) / median_ms(ours), low, high


def geometric_mean(found):
    """Over pairs: figure, low, high."""
    mean = lambda ratios: math.exp(statistics.fmean(map(math.log, ratios)))
    low, high = interval(lambda chance: mean([resampled(p, chance) / resampled(o, chance) for o, p in found]))
    return mean([median_ms(p) / median_ms(o) for o, p in found]), low, high
