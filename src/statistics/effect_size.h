#pragma once

#include <string_view>

#include "statistics/repetitions.h"

namespace espalier::statistics {

/// Cliff's delta = P(first > second) - P(first < second), in [-1, 1]. Throws Error when a sample is empty.
double cliffs_delta(const Repetitions& first, const Repetitions& second);

/// Vargha & Delaney's A12 = P(first > second) + P(equal) / 2 = (delta + 1) / 2.
double a12(const Repetitions& first, const Repetitions& second);

/// "negligible", "small", "medium" or "large": |delta| against 0.147, 0.33, 0.474 (Romano et al. 2006).
std::string_view magnitude(double delta);

/// Hodges-Lehmann shift of pairs: median of the Walsh averages (d_i + d_j) / 2, i <= j, d = treated -
/// baseline.
double hodges_lehmann(const PairedRepetitions& sample);

/// Hodges-Lehmann shift of independent samples: median of all second_j - first_i.
double hodges_lehmann(const Repetitions& first, const Repetitions& second);

}  // namespace espalier::statistics
