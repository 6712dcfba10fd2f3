#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "statistics/repetitions.h"

namespace espalier::statistics {

/// Result of a two-sided test.
struct TestResult {
    double statistic = 0.0;
    double p_value = 1.0;
    bool exact = true;        ///< false: normal approximation with tie correction
    std::size_t used = 0;     ///< pairs or values the p-value rests on (zeros left out)
    std::size_t dropped = 0;  ///< zero differences
};

/// What to do with differences of zero.
enum class Zeros {
    kPratt,     ///< rank them with the others, then leave their ranks out (Pratt 1959)
    kWilcoxon,  ///< leave them out before ranking
};

std::string_view name(Zeros zeros);

/// Wilcoxon's signed-rank test of treated - baseline, two-sided; statistic = sum of positive ranks, ties get
/// mid-ranks. p = min(1, 2 min(P(W <= w), P(W >= w))) under random signs, counted exactly for up to 200
/// pairs. All differences zero, or no pair: p = 1.
TestResult signed_rank(const PairedRepetitions& sample, Zeros zeros = Zeros::kPratt);

/// The smallest p-value signed_rank can give with n untied pairs: 2^(1-n).
double smallest_signed_rank_p(std::size_t pairs);

/// Mann-Whitney U of two independent samples, two-sided; statistic = U of the first, ties count half.
/// Exact over all splits of the pooled mid-ranks for up to 100 values in all. Throws Error when one is empty.
TestResult mann_whitney(const Repetitions& first, const Repetitions& second);

/// Holm's step-down adjustment (1979); the order of the input is kept. Throws Error for a value outside [0,
/// 1].
std::vector<double> holm(std::span<const double> p_values);

/// Mid-ranks 1..n of the values.
std::vector<double> mid_ranks(std::span<const double> values);

}  // namespace espalier::statistics
