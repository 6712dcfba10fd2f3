#include "statistics/proportions.h"

#include <algorithm>
#include <boost/math/special_functions/beta.hpp>
#include <cmath>

#include "base/error.h"
#include "statistics/normal.h"

namespace espalier::statistics {
namespace {

double ratio(std::int64_t part, std::int64_t whole) {
    if (whole <= 0) fail("an accuracy of no images was asked for");
    return static_cast<double>(part) / static_cast<double>(whole);
}

/// Binomial probability of k in n fair trials.
double fair_binomial(std::int64_t k, std::int64_t n) {
    const auto trials = static_cast<double>(n);
    const auto successes = static_cast<double>(k);
    return std::exp(std::lgamma(trials + 1) - std::lgamma(successes + 1) -
                    std::lgamma(trials - successes + 1) - trials * std::log(2.0));
}

/// Correlation of the two verdicts on an image, its numerator shrunk towards 0 by n/2 (Newcombe's method 10).
double corrected_correlation(const PairedOutcomes& o) {
    const auto e = static_cast<double>(o.both_right);
    const auto f = static_cast<double>(o.only_treated);
    const auto g = static_cast<double>(o.only_baseline);
    const auto h = static_cast<double>(o.both_wrong);
    const double denominator = std::sqrt((e + f) * (g + h) * (e + g) * (f + h));
    if (denominator == 0) return 0;
    double numerator = e * h - f * g;
    if (numerator > 0) numerator = std::max(0.0, numerator - 0.5 * (e + f + g + h));
    return numerator / denominator;
}

}  // namespace

Interval wilson(std::int64_t successes, std::int64_t trials, double level) {
    if (trials <= 0 || successes < 0 || successes > trials) {
        fail("a proportion of {} in {} does not exist", successes, trials);
    }
    const double z = two_sided_z(level);
    const auto n = static_cast<double>(trials);
    const double p = ratio(successes, trials);
    const double center = (p + z * z / (2 * n)) / (1 + z * z / n);
    const double half = z / (1 + z * z / n) * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
    // At the ends the score interval touches 0 or 1 exactly; rounding must not leave them.
    return {successes == 0 ? 0.0 : center - half, successes == trials ? 1.0 : center + half, level};
}

double binomial_tail(std::int64_t successes, std::int64_t trials, double share) {
    if (trials <= 0 || successes < 0 || successes > trials || !(share >= 0.0 && share <= 1.0))
        fail("the probability of {} hits in {} by a chance of {} does not exist", successes, trials, share);
    if (successes == 0) return 1.0;
    return boost::math::ibeta(static_cast<double>(successes), static_cast<double>(trials - successes + 1),
                              share);
}

double PairedOutcomes::baseline_accuracy() const { return ratio(both_right + only_baseline, images()); }

double PairedOutcomes::treated_accuracy() const { return ratio(both_right + only_treated, images()); }

PairedOutcomes count_outcomes(std::span<const std::uint8_t> baseline, std::span<const std::uint8_t> treated) {
    if (baseline.size() != treated.size() || baseline.empty()) {
        fail("accuracy is compared image by image, but there are {} and {} judgements", baseline.size(),
             treated.size());
    }
    PairedOutcomes outcomes;
    for (std::size_t i = 0; i < baseline.size(); ++i) {
        if (baseline[i] != 0) {
            ++(treated[i] != 0 ? outcomes.both_right : outcomes.only_baseline);
        } else {
            ++(treated[i] != 0 ? outcomes.only_treated : outcomes.both_wrong);
        }
    }
    return outcomes;
}

McNemar mcnemar(const PairedOutcomes& outcomes) {
    if (outcomes.only_baseline < 0 || outcomes.only_treated < 0) {
        fail("there cannot be {} and {} discordant images", outcomes.only_baseline, outcomes.only_treated);
    }
    const std::int64_t discordant = outcomes.only_baseline + outcomes.only_treated;
    const std::int64_t fewer = std::min(outcomes.only_baseline, outcomes.only_treated);
    if (discordant == 0) return {};
    double tail = 0;
    for (std::int64_t k = 0; k <= fewer; ++k) tail += fair_binomial(k, discordant);
    const double observed = fair_binomial(fewer, discordant);
    return {std::min(1.0, 2 * tail), std::min(1.0, 2 * tail - observed)};
}

Interval newcombe(const PairedOutcomes& outcomes, double level) {
    const std::int64_t n = outcomes.images();
    const Interval treated = wilson(outcomes.both_right + outcomes.only_treated, n, level);
    const Interval baseline = wilson(outcomes.both_right + outcomes.only_baseline, n, level);
    const double p1 = outcomes.treated_accuracy();
    const double p2 = outcomes.baseline_accuracy();
    const double phi = corrected_correlation(outcomes);
    const auto joined = [phi](double a, double b) {
        return std::sqrt(std::max(0.0, a * a - 2 * phi * a * b + b * b));
    };
    return {p1 - p2 - joined(p1 - treated.low, baseline.high - p2),
            p1 - p2 + joined(treated.high - p1, p2 - baseline.low), level};
}

NonInferiority non_inferiority(const Interval& difference, double margin) {
    if (!(margin >= 0)) fail("the permitted loss must not be negative, got {}", margin);
    if (difference.low > -margin) return NonInferiority::kNonInferior;
    return difference.high < -margin ? NonInferiority::kInferior : NonInferiority::kInconclusive;
}

}  // namespace espalier::statistics
