#include "lab/accuracy.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace espalier::lab {
namespace {

std::vector<std::uint8_t> hits(const store::PredictionRecord& prediction, int places) {
    std::vector<std::uint8_t> right(prediction.ranks.size());
    std::transform(prediction.ranks.begin(), prediction.ranks.end(), right.begin(),
                   [&](std::int32_t rank) { return rank >= 0 && rank < places ? 1 : 0; });
    return right;
}

AccuracyVerdict judge(const AccuracyComparison& comparison) {
    const auto shown = statistics::non_inferiority(comparison.interval, comparison.limit);
    if (shown == statistics::NonInferiority::kNonInferior) return AccuracyVerdict::kNotWorse;
    if (shown == statistics::NonInferiority::kInferior) return AccuracyVerdict::kWorse;
    // A loss of exactly the limit is permitted; shares of images are not exact in binary.
    constexpr double kRounding = 1e-9;
    const bool beyond = comparison.difference < -comparison.limit - kRounding;
    return beyond ? AccuracyVerdict::kWorse : AccuracyVerdict::kNotShown;
}

/// Normal approximation of the paired difference: its standard error is sqrt(discordant share / n), and the
/// lower bound must rise to -limit.
double images_needed(const AccuracyComparison& comparison) {
    constexpr double kQuantile = 1.96;
    const auto& outcomes = comparison.outcomes;
    const auto discordant = static_cast<double>(outcomes.only_baseline + outcomes.only_treated);
    // One image more on either side, so that no discordance in few images is not taken for none in many.
    const double share = (discordant + 2.0) / (static_cast<double>(outcomes.images()) + 4.0);
    const double distance = std::max(comparison.difference + comparison.limit, comparison.limit / 4.0);
    const double images = kQuantile * kQuantile * share / (distance * distance);
    const double step = std::pow(10.0, std::floor(std::log10(images)));
    return std::max(std::ceil(images / step) * step, static_cast<double>(outcomes.images()) + 1.0);
}

}  // namespace

std::optional<Share> accuracy(const store::PredictionRecord& prediction, int places) {
    const auto right = hits(prediction, places);
    if (right.empty() || !prediction.tells(places)) return std::nullopt;
    const auto images = static_cast<std::int64_t>(right.size());
    const auto count = static_cast<std::int64_t>(std::count(right.begin(), right.end(), 1));
    return Share{static_cast<double>(count) / static_cast<double>(images), statistics::wilson(count, images)};
}

std::optional<AccuracyComparison> compare_accuracy(const store::PredictionRecord& baseline,
                                                   const store::PredictionRecord& treated, double limit) {
    if (baseline.labels.empty() || baseline.labels != treated.labels) return std::nullopt;
    AccuracyComparison comparison;
    comparison.outcomes = statistics::count_outcomes(hits(baseline, 1), hits(treated, 1));
    comparison.baseline = comparison.outcomes.baseline_accuracy();
    comparison.treated = comparison.outcomes.treated_accuracy();
    comparison.difference = comparison.outcomes.difference();
    comparison.interval = statistics::newcombe(comparison.outcomes);
    comparison.p_value = statistics::mcnemar(comparison.outcomes).exact_p;
    comparison.limit = limit;
    comparison.verdict = judge(comparison);
    for (std::size_t i = 0; i < baseline.predicted.size() && i < treated.predicted.size(); ++i) {
        comparison.equal_predictions += baseline.predicted[i] == treated.predicted[i] ? 1 : 0;
    }
    if (comparison.verdict == AccuracyVerdict::kNotShown && limit > 0.0) {
        comparison.images_needed = images_needed(comparison);
    }
    return comparison;
}

}  // namespace espalier::lab
