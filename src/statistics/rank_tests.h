#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "statistics/repetitions.h"

namespace espalier::statistics {

/// Result of a rank test.
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

/// What the test is against, said of treated - baseline or of first - second.
enum class Alternative {
    kTwoSided,
    kLess,     ///< it lies below 0
    kGreater,  ///< it lies above 0
};

/// How the p-value is found.
enum class PValue {
    kExactWhereFeasible,  ///< exact to the size named at the test, normal approximation beyond
    kAsymptotic,          ///< normal approximation with tie and continuity correction, at any size
};

struct RankOptions {
    Alternative alternative = Alternative::kTwoSided;
    PValue p_value = PValue::kExactWhereFeasible;
    Zeros zeros = Zeros::kPratt;  ///< of signed_rank only
};

/// Wilcoxon's signed-rank test (1945) of treated - baseline; statistic = sum of positive ranks, ties get
/// mid-ranks. One-sided p = P(W >= w) or P(W <= w) under random signs, two-sided min(1, twice the smaller),
/// counted exactly for up to 200 pairs. All differences zero, or no pair: p = 1.
TestResult signed_rank(const PairedRepetitions& sample, const RankOptions& options = {});

/// The same of changes that are given one for each block, tested against `center` in place of 0.
TestResult signed_rank(const Repetitions& changes, double center, const RankOptions& options = {});

/// The smallest p-value the two-sided signed_rank can give with n untied pairs: 2^(1-n).
double smallest_signed_rank_p(std::size_t pairs);

/// Mann-Whitney U of two independent samples (1947); statistic = U of the first, ties count half. Exact over
/// all splits of the pooled mid-ranks for up to 100 values in all. Throws Error when one is empty.
TestResult mann_whitney(const Repetitions& first, const Repetitions& second, const RankOptions& options = {});

/// Holm's step-down adjustment (1979); the order of the input is kept. Throws Error for a value outside [0,
/// 1].
std::vector<double> holm(std::span<const double> p_values);

/// Sum of t^3 - t over groups of t equal values: what ties take from the variance of ranks.
double tie_term(std::span<const double> values);

/// Mid-ranks 1..n of the values. Ranks are no inference, so that any numbers may be ranked.
std::vector<double> mid_ranks(std::span<const double> values);

}  // namespace espalier::statistics
