#!/usr/bin/env python3
"""Writes statistics/statistics.json: what src/statistics must compute, by other means than it uses.

Exact p-values are counted in rational numbers (signs, subsets) and checked here against SciPy wherever SciPy is exact
too; quantiles, intervals and binomials come from NumPy and SciPy. The bootstrap draws with the product's own
generator (xoshiro256**), written again here, so that its intervals can be compared digit by digit.

Usage: statistics.py            needs numpy and scipy (made with numpy 2.x, scipy 1.17)
"""

import itertools
import json
import math
import pathlib
from fractions import Fraction

import numpy as np
from scipy import stats

MASK = (1 << 64) - 1
LEVEL = 0.95


class Xoshiro:
    """xoshiro256** seeded by SplitMix64 (Blackman & Vigna)."""

    def __init__(self, seed):
        self.state = []
        for _ in range(4):
            seed = (seed + 0x9E3779B97F4A7C15) & MASK
            z = ((seed ^ (seed >> 30)) * 0xBF58476D1CE4E5B9) & MASK
            z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
            self.state.append(z ^ (z >> 31))

    def next(self):
        def rotl(x, k):
            return ((x << k) | (x >> (64 - k))) & MASK

        s = self.state
        result = (rotl((s[1] * 5) & MASK, 7) * 9) & MASK
        t = (s[1] << 17) & MASK
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = rotl(s[3], 45)
        return result

    def below(self, bound):
        threshold = (1 << 64) % bound
        while (value := self.next()) < threshold:
            pass
        return value % bound


def two_sided(counts, observed):
    """min(1, 2 min(P(S <= s), P(S >= s))) of integer counts by value."""
    total = sum(counts.values())
    low = Fraction(sum(c for v, c in counts.items() if v <= observed), total)
    high = Fraction(sum(c for v, c in counts.items() if v >= observed), total)
    return float(min(Fraction(1), 2 * min(low, high)))


def signed_rank(differences, zeros):
    d = np.asarray(differences)
    if zeros == "wilcoxon":
        d = d[d != 0]
    ranks = stats.rankdata(np.abs(d))
    ranks, d = ranks[d != 0], d[d != 0]
    doubled = [round(2 * r) for r in ranks]
    counts = {0: 1}
    for r in doubled:
        following = dict(counts)
        for value, count in counts.items():
            following[value + r] = following.get(value + r, 0) + count
        counts = following
    statistic = float(ranks[d > 0].sum())
    p = two_sided(counts, round(2 * statistic)) if len(d) else 1.0
    untied = len(set(np.abs(d))) == len(d)
    if len(d) and untied and len(d) == len(differences):
        assert math.isclose(p, stats.wilcoxon(d, method="exact").pvalue, rel_tol=1e-12)
    if len(d) and len(d) <= 10:
        every = {}
        for signs in itertools.product((0, 1), repeat=len(d)):
            value = sum(s * r for s, r in zip(signs, doubled))
            every[value] = every.get(value, 0) + 1
        assert p == two_sided(every, round(2 * statistic))
    return {"statistic": statistic, "p": p, "used": len(d)}


def mann_whitney(first, second):
    ranks = stats.rankdata(np.concatenate([first, second]))
    doubled = [round(2 * r) for r in ranks]
    m = len(first)
    counts = [{0: 1}] + [{} for _ in range(m)]
    for r in doubled:
        for size in range(m, 0, -1):
            for value, count in counts[size - 1].items():
                counts[size][value + r] = counts[size].get(value + r, 0) + count
    observed = float(ranks[:m].sum())
    p = two_sided(counts[m], round(2 * observed))
    if len(set(ranks)) == len(ranks):
        assert math.isclose(p, stats.mannwhitneyu(first, second, method="exact").pvalue, rel_tol=1e-9)
    return {"u": observed - m * (m + 1) / 2, "p": p}


def bootstrap(blocks, statistic, seed, resamples, level):
    random = Xoshiro(seed)
    values = np.array(
        [statistic([random.below(blocks) for _ in range(blocks)]) for _ in range(resamples)]
    )
    estimate = statistic(list(range(blocks)))
    tail = (1 - level) / 2
    percentile = np.quantile(values, [tail, 1 - tail]).tolist()
    share = (np.sum(values < estimate) + 0.5 * np.sum(values == estimate)) / resamples
    without = np.array(
        [statistic([i for i in range(blocks) if i != left]) for left in range(blocks)]
    )
    d = without.mean() - without
    a = (d**3).sum() / (6 * (d**2).sum() ** 1.5) if (d**2).sum() > 0 else 0.0
    bias = stats.norm.ppf(share)
    z = stats.norm.ppf([tail, 1 - tail])
    orders = stats.norm.cdf(bias + (bias + z) / (1 - a * (bias + z)))
    bca = np.quantile(values, orders).tolist() if 0 < share < 1 else percentile
    return {"value": float(estimate), "percentile": percentile, "bca": bca}


def summary(values):
    return {
        "mean": float(np.mean(values)),
        "sd": float(np.std(values, ddof=1)),
        "quantiles": {str(p): float(np.quantile(values, p)) for p in (0, 0.05, 0.25, 0.5, 0.75, 0.95, 1)},
        "mad": float(stats.median_abs_deviation(values)),
    }


def delta(first, second):
    signs = np.sign(np.subtract.outer(first, second))
    return float(signs.mean())


def hodges_lehmann_pairs(d):
    return float(np.median([(d[i] + d[j]) / 2 for i in range(len(d)) for j in range(i, len(d))]))


def sample_case(generator, n, decimals):
    x = np.round(10 + generator.normal(size=n), decimals)
    y = np.round(x * 0.97 + 0.5 * generator.normal(size=n), decimals)
    d = y - x

    def ratio(blocks):
        return np.median(y[blocks]) / np.median(x[blocks])

    return {
        "baseline": x.tolist(),
        "treated": y.tolist(),
        "summary": summary(x),
        "pratt": signed_rank(d, "pratt"),
        "wilcoxon": signed_rank(d, "wilcoxon"),
        "mann_whitney": mann_whitney(x, y),
        "cliffs_delta": delta(x, y),
        "hodges_lehmann_paired": hodges_lehmann_pairs(d),
        "hodges_lehmann": float(np.median(np.subtract.outer(y, x))),
        "ratio_of_medians": bootstrap(n, ratio, seed=n, resamples=400, level=LEVEL),
    }


def wilson(k, n, level=LEVEL):
    interval = stats.binomtest(k, n).proportion_ci(level, method="wilson")
    return [float(interval.low), float(interval.high)]


def newcombe(e, f, g, h):
    """Method 10 of Newcombe 1998; e both right, f only treated, g only baseline, h both wrong."""
    n = e + f + g + h
    p1, p2 = (e + f) / n, (e + g) / n
    (l1, u1), (l2, u2) = wilson(e + f, n), wilson(e + g, n)
    denominator = math.sqrt((e + f) * (g + h) * (e + g) * (f + h))
    numerator = e * h - f * g
    if numerator > 0:
        numerator = max(0.0, numerator - n / 2)
    phi = numerator / denominator if denominator else 0.0
    low = math.sqrt((p1 - l1) ** 2 - 2 * phi * (p1 - l1) * (u2 - p2) + (u2 - p2) ** 2)
    high = math.sqrt((u1 - p1) ** 2 - 2 * phi * (u1 - p1) * (p2 - l2) + (p2 - l2) ** 2)
    return [p1 - p2 - low, p1 - p2 + high]


def paired_case(e, f, g, h):
    n, fewer = f + g, min(f, g)
    exact = float(stats.binomtest(fewer, n, 0.5).pvalue) if n else 1.0
    mid = float(min(1, 2 * stats.binom.cdf(fewer, n, 0.5) - stats.binom.pmf(fewer, n, 0.5))) if n else 1.0
    return {"cells": [e, f, g, h], "exact": exact, "mid": mid, "newcombe": newcombe(e, f, g, h)}


def holm(p):
    order = np.argsort(p, kind="stable")
    adjusted = np.maximum.accumulate(np.minimum(1, np.array(p)[order] * np.arange(len(p), 0, -1)))
    result = np.empty(len(p))
    result[order] = adjusted
    return result.tolist()


def main():
    generator = np.random.default_rng(20261123)
    # The last two of the rounded sizes force ties and zeros; 14 and 30 have none.
    samples = [sample_case(generator, n, k) for n, k in [(3, 3), (5, 1), (9, 0), (14, 9), (20, 1), (30, 9), (30, 1)]]
    p_values = [0.0031, 0.04, 0.0005, 0.7, 0.012, 0.04]
    tables = [(36, 12, 2, 0), (954, 8, 17, 21), (80, 0, 0, 20), (10, 1, 0, 0), (0, 5, 5, 0), (7123, 101, 160, 2616)]
    golden = {
        "level": LEVEL,
        "samples": samples,
        "holm": {"p": p_values, "adjusted": holm(p_values)},
        "wilson": [{"successes": k, "trials": n, "interval": wilson(k, n)} for k, n in [(0, 10), (10, 10), (81, 263), (954, 1000)]],
        "pairs": [paired_case(*cells) for cells in tables],
    }
    path = pathlib.Path(__file__).parent / "statistics" / "statistics.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(golden, indent=1) + "\n")
    print(f"wrote {path}")
    print(golden["pairs"][0]["newcombe"])


if __name__ == "__main__":
    main()
