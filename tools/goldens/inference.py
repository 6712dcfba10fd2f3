#!/usr/bin/env python3
"""Writes statistics/inference.json: tests, intervals and rankings that src/statistics must compute.

What SciPy has comes from SciPy; one-sided exact p-values are counted in rational numbers, and rankings and intervals
that it lacks are written here again from their papers. "published" holds values from books and from the examples in
R's documentation. Samples have ties and zeros where they are rounded. The bootstrap draws with the product's own
generator, as in statistics.py.

Usage: inference.py            needs numpy and scipy (made with numpy 2.4, scipy 1.17)
"""

import importlib.util
import json
import math
import pathlib

import numpy as np
from scipy import optimize, stats

HERE = pathlib.Path(__file__).parent
# The file is named as a module of Python's own, so that it is loaded by its path.
specification = importlib.util.spec_from_file_location("goldens_statistics", HERE / "statistics.py")
shared = importlib.util.module_from_spec(specification)
specification.loader.exec_module(shared)

SIDES = ("two-sided", "less", "greater")


def one_sided(counts, observed, side):
    total = sum(counts.values())
    low = sum(c for v, c in counts.items() if v <= observed)
    high = sum(c for v, c in counts.items() if v >= observed)
    if side == "two-sided":
        return min(1.0, 2 * min(low, high) / total)
    return (low if side == "less" else high) / total


def signed_rank_exact(d, side):
    """Zeros by Pratt."""
    d = np.asarray(d)
    ranks = stats.rankdata(np.abs(d))[d != 0]
    d = d[d != 0]
    counts = {0: 1}
    for r in (round(2 * r) for r in ranks):
        following = dict(counts)
        for value, count in counts.items():
            following[value + r] = following.get(value + r, 0) + count
        counts = following
    return one_sided(counts, round(2 * ranks[d > 0].sum()), side) if len(d) else 1.0


def mann_whitney_exact(first, second, side):
    ranks = stats.rankdata(np.concatenate([first, second]))
    m = len(first)
    counts = [{0: 1}] + [{} for _ in range(m)]
    for r in (round(2 * r) for r in ranks):
        for size in range(m, 0, -1):
            for value, count in counts[size - 1].items():
                counts[size][value + r] = counts[size].get(value + r, 0) + count
    return one_sided(counts[m], round(2 * ranks[:m].sum()), side)


def rank_test_case(generator, n, decimals):
    x = np.round(10 + generator.normal(size=n), decimals)
    y = np.round(x * 0.97 + 0.5 * generator.normal(size=n), decimals)
    d = np.round(y - x, 9)
    case = {"baseline": x.tolist(), "treated": y.tolist()}
    for side in SIDES:
        wilcoxon = {
            zeros: float(stats.wilcoxon(d, zero_method=name, correction=True, alternative=side, method="asymptotic").pvalue)
            for zeros, name in (("pratt", "pratt"), ("wilcoxon", "wilcox"))
        }
        case[side] = {
            "signed_rank": signed_rank_exact(d, side),
            "signed_rank_asymptotic": wilcoxon,
            "mann_whitney": mann_whitney_exact(x, y, side),
            "mann_whitney_asymptotic": float(
                stats.mannwhitneyu(x, y, use_continuity=True, alternative=side, method="asymptotic").pvalue
            ),
        }
    return case


def omnibus_case(generator, blocks, treatments, decimals):
    drift = generator.normal(size=(blocks, 1))
    shifts = 0.25 * np.arange(treatments)
    values = np.round(10 + drift + shifts + 0.6 * generator.normal(size=(blocks, treatments)), decimals)
    columns = [values[:, t] for t in range(treatments)]
    friedman = stats.friedmanchisquare(*columns)
    # Samples of unequal size, which only the test of independent ones allows.
    uneven = [column[: blocks - t] for t, column in enumerate(columns)]
    kruskal = stats.kruskal(*uneven)
    return {
        "treatments": [column.tolist() for column in columns],
        "friedman": {"statistic": float(friedman.statistic), "p": float(friedman.pvalue)},
        "uneven": [column.tolist() for column in uneven],
        "kruskal": {"statistic": float(kruskal.statistic), "p": float(kruskal.pvalue)},
    }


def normality_case(generator, n, draw):
    values = np.round({"normal": generator.normal, "log-normal": generator.lognormal, "uniform": generator.uniform}[draw](size=n), 6)
    result = stats.shapiro(values)
    return {"values": values.tolist(), "w": float(result.statistic), "p": float(result.pvalue)}


def a12_interval(first, second, level=0.95):
    m, n = len(first), len(second)
    observed = (shared.delta(first, second) + 1) / 2
    z = stats.norm.ppf(0.5 + level / 2)

    def excess(theta):
        half = (m + n) / 2 - 1
        q1, q2 = theta / (2 - theta), 2 * theta**2 / (1 + theta)
        variance = (theta * (1 - theta) + half * (q1 - theta**2) + half * (q2 - theta**2)) / (m * n)
        return (theta - observed) ** 2 - z * z * variance

    low = 0.0 if observed == 0 else optimize.brentq(excess, 0 + 1e-300, observed - 1e-15 if observed == 1 else observed, xtol=1e-16)
    high = 1.0 if observed == 1 else optimize.brentq(excess, observed if observed > 0 else 1e-15, 1, xtol=1e-16)
    return [low, high]


def effect_case(x, y, seed):
    d = y - x
    logs = np.log(y / x)
    case = {"baseline": x.tolist(), "treated": y.tolist(), "a12": a12_interval(x, y)}
    for name, changes in (("shift", d), ("shift_log_ratio", logs)):
        case[name] = shared.bootstrap(
            len(x), lambda blocks, c=changes: shared.hodges_lehmann_pairs(c[blocks]), seed=seed, resamples=400, level=0.95
        )
    bounds = [-0.3, 0.2]
    case["bounds"] = bounds
    case["tost"] = [
        float(stats.ttest_1samp(d, bounds[0], alternative="greater").pvalue),
        float(stats.ttest_1samp(d, bounds[1], alternative="less").pvalue),
    ]
    case["rank_tost"] = [signed_rank_exact(d - bounds[0], "greater"), signed_rank_exact(d - bounds[1], "less")]
    case["rank_tost_independent"] = [
        mann_whitney_exact(y - bounds[0], x, "greater"),
        mann_whitney_exact(y - bounds[1], x, "less"),
    ]
    return case


def scott_knott(values, by, level):
    """values: blocks x treatments. Groups from 1, the lowest first."""
    blocks, treatments = values.shape
    aligned = values - values.mean(axis=1, keepdims=True)
    centers = np.median(aligned, axis=0) if by == "ranks" else aligned.mean(axis=0)
    residual = ((aligned - aligned.mean(axis=0)) ** 2).sum()
    freedom = (blocks - 1) * (treatments - 1)
    of_mean = residual / freedom / blocks

    def distance(left, right):
        if by == "ranks":
            sides = [aligned[:, list(side)].ravel() for side in (left, right)]
            return stats.kruskal(*sides).statistic
        sums = [centers[list(side)].sum() for side in (left, right)]
        k1, k2 = len(left), len(right)
        return sums[0] ** 2 / k1 + sums[1] ** 2 / k2 - sum(sums) ** 2 / (k1 + k2)

    def p_value(all_, apart):
        columns = [values[:, t] for t in all_]
        if by == "ranks":
            if len(all_) == 2:
                return signed_rank_exact(columns[1] - columns[0], "two-sided")
            return stats.friedmanchisquare(*columns).pvalue
        spread = ((centers[list(all_)] - centers[list(all_)].mean()) ** 2).sum() + freedom * of_mean
        variance = spread / (len(all_) + freedom)
        statistic = math.pi / (2 * (math.pi - 2)) * apart / variance
        return stats.chi2.sf(statistic, len(all_) / (math.pi - 2))

    def matters(a, b):
        if by == "ranks":
            return abs(shared.delta(aligned[:, a], aligned[:, b])) >= 0.147
        pooled = math.sqrt((aligned[:, a].var(ddof=1) + aligned[:, b].var(ddof=1)) / 2)
        return abs(centers[a] - centers[b]) / pooled >= 0.2

    groups = []

    def split(all_):
        cuts = [(distance(all_[:c], all_[c:]), c) for c in range(1, len(all_))]
        if cuts:
            apart, cut = max(cuts, key=lambda pair: pair[0])
            tested = level == 1 or p_value(all_, apart) < level
            if tested and any(matters(a, b) for a in all_[:cut] for b in all_[cut:]):
                split(all_[:cut])
                split(all_[cut:])
                return
        groups.append(all_)

    split([int(t) for t in np.argsort(centers, kind="stable")])
    result = [0] * treatments
    for number, group in enumerate(groups, start=1):
        for treatment in group:
            result[treatment] = number
    return result


def ranking_case(generator, blocks, shifts):
    drift = generator.normal(size=(blocks, 1))
    values = np.round(10 + 3 * drift + np.array(shifts) + generator.normal(size=(blocks, len(shifts))), 6)
    return {
        "treatments": [values[:, t].tolist() for t in range(len(shifts))],
        "groups": {f"{by} {level}": scott_knott(values, by, level) for by in ("means", "ranks") for level in (0.05, 1)},
    }


def power_case(pairs, shift, level):
    counts = {0: 1}
    for rank in range(1, pairs + 1):
        following = dict(counts)
        for value, count in counts.items():
            following[value + rank] = following.get(value + rank, 0) + count
        counts = following
    attained, tail = 0.0, 0
    for value in sorted(counts):
        tail += counts[value]
        if 2 * tail / 2**pairs > level:
            break
        attained = 2 * tail / 2**pairs
    power = 0.0
    if attained == 2 / 2**pairs:
        power = float(stats.norm.cdf(shift) ** pairs + stats.norm.cdf(-shift) ** pairs)
    elif attained > 0:
        effective = 3 / math.pi * pairs
        critical = stats.t.ppf(1 - attained / 2, effective - 1)
        noncentral = stats.nct(effective - 1, shift * math.sqrt(effective))
        power = float(noncentral.sf(critical) + noncentral.cdf(-critical))
    return {"pairs": pairs, "shift": shift, "level": level, "power": power}


def combined_case(sources, level):
    """sources: (standard, degrees of freedom or None)."""
    standard = math.sqrt(sum(u * u for u, _ in sources))
    weakness = sum(u**4 / v for u, v in sources if v is not None)
    freedom = standard**4 / weakness if weakness else math.inf
    factor = stats.norm.ppf(0.5 + level / 2) if math.isinf(freedom) else stats.t.ppf(0.5 + level / 2, math.floor(freedom))
    return {
        "sources": sources,
        "level": level,
        "standard": standard,
        "degrees_of_freedom": None if math.isinf(freedom) else freedom,
        "coverage_factor": float(factor),
    }


def main():
    generator = np.random.default_rng(20261126)
    effects = []
    for n, decimals, gain in [(6, 9, 0.97), (10, 1, 0.99), (12, 9, 0.7), (25, 2, 1.0)]:
        x = np.round(10 + generator.normal(size=n), decimals)
        y = np.round(x * gain + 0.3 * generator.normal(size=n), decimals)
        effects.append(effect_case(x, y, seed=n))
    golden = {
        "rank_tests": [rank_test_case(generator, n, k) for n, k in [(7, 9), (12, 1), (20, 0), (30, 1)]],
        "omnibus": [omnibus_case(generator, n, k, d) for n, k, d in [(6, 3, 9), (10, 5, 0), (10, 4, 1), (30, 6, 1)]],
        "normality": [
            normality_case(generator, n, draw)
            for n in (3, 4, 5, 6, 10, 11, 12, 20, 30, 100)
            for draw in ("normal", "log-normal", "uniform")
        ],
        "effects": effects,
        "rankings": [
            ranking_case(generator, n, shifts)
            for n, shifts in [(10, [0, 0, 0, 0]), (10, [0, 4, 0, 4, 8]), (10, [0, 1.5]), (30, [3, 0.1, 0, 1, 3]), (12, [5, 0, 2.5, 2.5, 0, 9])]
        ],
        "power": [power_case(n, s, a) for n, s, a in [(5, 3.0, 0.05), (6, 2.0, 0.05), (10, 1.0, 0.05), (10, 2.0, 0.0033), (30, 0.5, 0.05), (30, 0.9, 0.0033)]],
        "combined": [
            combined_case([(3.0, 9), (4.0, None)], 0.95),
            combined_case([(0.5, None), (0.25, None)], 0.95),
            combined_case([(1.0, 4), (0.2, 9), (0.7, 29)], 0.99),
        ],
    }
    path = HERE / "statistics" / "inference.json"
    path.write_text(json.dumps(golden, indent=1) + "\n")
    print(f"wrote {path}")


if __name__ == "__main__":
    main()
