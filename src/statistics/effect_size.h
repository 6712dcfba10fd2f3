#pragma once

#include <optional>
#include <string_view>

#include "statistics/interval.h"
#include "statistics/repetitions.h"

namespace espalier::statistics {

/// Cliff's delta = P(first > second) - P(first < second), in [-1, 1]. Throws Error when a sample is empty.
double cliffs_delta(const Repetitions& first, const Repetitions& second);

/// Vargha & Delaney's A12 = P(first > second) + P(equal) / 2 = (delta + 1) / 2.
double a12(const Repetitions& first, const Repetitions& second);

/// Interval of delta = 2 A12 - 1 for independent samples: the A12 that lie within z standard errors of the
/// observed one, each with the standard error it would have itself (Hanley & McNeil 1982, both sizes replaced
/// by their mean: method 5 of Newcombe 2006, Statistics in Medicine 25:559). It is no point where the samples
/// do not overlap, and wider than its level where blocks have noise in common. Throws Error when a sample is
/// empty or the level lies outside (0, 1).
Interval cliffs_delta_interval(const Repetitions& first, const Repetitions& second, double level = 0.95);

/// The same interval, of A12.
Interval a12_interval(const Repetitions& first, const Repetitions& second, double level = 0.95);

/// "negligible", "small", "medium" or "large": |delta| against 0.147, 0.33, 0.474 (Romano et al. 2006).
std::string_view magnitude(double delta);

/// Hodges-Lehmann shift of pairs: median of the Walsh averages (d_i + d_j) / 2, i <= j, d = treated -
/// baseline.
double hodges_lehmann(const PairedRepetitions& sample);

/// A ratio with the interval that the exact signed-rank test inverts to.
struct PairedRatio {
    double value = 1.0;
    /// Nothing for fewer pairs than the level needs (6 at 95 %). Its level is the one attained, at least that
    /// asked.
    std::optional<Interval> interval;
};

/// Typical treated / baseline within a block: exp of the Hodges-Lehmann shift of the logarithms. What a
/// block's runs have in common cancels, so the interval keeps its level under drift, and it leaves out 1
/// exactly where signed_rank of the logarithms rejects at 1 - level (ties apart). Throws Error unless all
/// values are positive and there is a pair.
PairedRatio hodges_lehmann_ratio(const PairedRepetitions& sample, double level = 0.95);

/// Hodges-Lehmann shift of independent samples: median of all second_j - first_i.
double hodges_lehmann(const Repetitions& first, const Repetitions& second);

}  // namespace espalier::statistics
