#pragma once

#include <cstdint>
#include <span>

#include "statistics/interval.h"

namespace espalier::statistics {

/// Wilson's score interval of a proportion (1927). Throws Error unless 0 <= successes <= trials and trials >
/// 0.
Interval wilson(std::int64_t successes, std::int64_t trials, double level = 0.95);

/// P(X >= successes) of a binomial X: how likely so many hits are by chance alone. Throws Error unless 0 <=
/// successes
/// <= trials, trials > 0 and 0 <= share <= 1.
double binomial_tail(std::int64_t successes, std::int64_t trials, double share);

/// The same images judged under two treatments.
struct PairedOutcomes {
    std::int64_t both_right = 0;
    std::int64_t only_baseline = 0;  ///< right under the baseline, wrong under the treatment
    std::int64_t only_treated = 0;
    std::int64_t both_wrong = 0;

    std::int64_t images() const { return both_right + only_baseline + only_treated + both_wrong; }
    double baseline_accuracy() const;
    double treated_accuracy() const;
    /// treated - baseline.
    double difference() const { return treated_accuracy() - baseline_accuracy(); }
};

/// Counts the four cells; element i of both spans is the same image, non-zero means right. Throws Error when
/// the lengths differ or are zero.
PairedOutcomes count_outcomes(std::span<const std::uint8_t> baseline, std::span<const std::uint8_t> treated);

/// McNemar's test on the discordant images, two-sided.
struct McNemar {
    double exact_p = 1.0;  ///< binomial, conditional on the number of discordant images
    double mid_p = 1.0;    ///< exact_p less the probability of the observed table (Fagerland et al. 2013)
};

/// Throws Error for a negative count.
McNemar mcnemar(const PairedOutcomes& outcomes);

/// Interval of treated - baseline: method 10 of Newcombe (1998, Statistics in Medicine 17:2635), score
/// intervals of the margins joined by a continuity-corrected correlation.
Interval newcombe(const PairedOutcomes& outcomes, double level = 0.95);

/// What an interval of treated - baseline says about a permitted loss.
enum class NonInferiority {
    kNonInferior,   ///< the whole interval lies above -margin
    kInferior,      ///< the whole interval lies below -margin
    kInconclusive,  ///< the interval contains -margin
};

/// `margin` is the largest permitted loss, not negative, in the unit of the interval. Throws Error otherwise.
NonInferiority non_inferiority(const Interval& difference, double margin);

}  // namespace espalier::statistics
