#include "lab/comparison.h"

#include <algorithm>
#include <cmath>

#include "statistics/effect_size.h"
#include "statistics/equivalence.h"
#include "statistics/normality.h"
#include "statistics/omnibus.h"
#include "statistics/power.h"
#include "statistics/rank_tests.h"
#include "statistics/shift.h"
#include "statistics/summary.h"

namespace espalier::lab {
namespace {

constexpr double kLevel = 0.05;

bool all_positive(std::span<const double> values) {
    return std::all_of(values.begin(), values.end(), [](double value) { return value > 0.0; });
}

EffectSize effect_of(const statistics::Repetitions& baseline, const statistics::Repetitions& treated,
                     const statistics::PairedRepetitions& pairs, statistics::BootstrapOptions bootstrap) {
    EffectSize effect;
    effect.delta = statistics::cliffs_delta(treated, baseline);
    effect.delta_interval = statistics::cliffs_delta_interval(treated, baseline);
    effect.a12 = statistics::a12(treated, baseline);
    effect.a12_interval = statistics::a12_interval(treated, baseline);
    bootstrap.method = statistics::BootstrapMethod::kBca;
    effect.typical = statistics::shift_ratio(pairs, bootstrap);
    effect.typical_exact = statistics::hodges_lehmann_ratio(pairs).interval;
    return effect;
}

std::optional<double> normality_of(const statistics::Repetitions& changes) {
    const auto [low, high] = std::minmax_element(changes.values().begin(), changes.values().end());
    if (changes.size() < 3 || *low == *high) return std::nullopt;
    return statistics::shapiro_wilk(changes).p_value;
}

/// Holm's adjustment of one p-value of every member that has it.
void adjust_one(const std::vector<Comparison*>& family, std::optional<double> Comparison::*p_value,
                double omnibus_p) {
    std::vector<Comparison*> tested;
    std::vector<double> p_values;
    for (auto* comparison : family) {
        if (!(comparison->*p_value)) continue;
        tested.push_back(comparison);
        p_values.push_back(*(comparison->*p_value));
    }
    const auto adjusted = statistics::holm_after(omnibus_p, p_values);
    for (std::size_t i = 0; i < tested.size(); ++i) tested[i]->*p_value = adjusted[i];
}

}  // namespace

std::optional<Comparison> compare(const std::vector<statistics::BlockValue>& baseline,
                                  const std::vector<statistics::BlockValue>& treated, double margin,
                                  const statistics::BootstrapOptions& bootstrap) {
    const statistics::Repetitions before(baseline);
    const statistics::Repetitions after(treated);
    const statistics::PairedRepetitions pairs(before, after);
    if (pairs.size() < 2 || !all_positive(pairs.baseline()) || !all_positive(pairs.treated()))
        return std::nullopt;
    const auto estimate = statistics::ratio_of_medians(pairs, bootstrap);
    Comparison comparison;
    comparison.baseline = statistics::median(pairs.baseline());
    comparison.treated = statistics::median(pairs.treated());
    comparison.ratio = estimate.value;
    comparison.interval = estimate.interval;
    comparison.blocks = pairs.size();
    comparison.effect = effect_of(before, after, pairs, bootstrap);
    const statistics::Repetitions changes = statistics::log_ratios(pairs);
    comparison.spread = statistics::standard_deviation(changes.values());
    comparison.normality_p = normality_of(changes);
    if (pairs.size() < kBlocksForTests) return comparison;
    comparison.p_value = statistics::signed_rank(pairs).p_value;
    if (margin > 0.0 && margin < 1.0)
        comparison.equivalence_p = statistics::rank_tost(changes, statistics::ratio_bounds(margin)).p_value();
    return comparison;
}

void adjust(const std::vector<Comparison*>& family, std::optional<double> omnibus_p) {
    const auto tested = static_cast<std::size_t>(std::count_if(
        family.begin(), family.end(), [](const auto* one) { return one->p_value.has_value(); }));
    for (auto* comparison : family) {
        if (comparison->p_value)
            comparison->detectable = detectable_saving(comparison->spread, comparison->blocks, tested);
    }
    adjust_one(family, &Comparison::p_value, omnibus_p.value_or(0.0));
    adjust_one(family, &Comparison::equivalence_p, 0.0);
}

// A saving of log ratio x is a share of 1 - exp(-x).
std::optional<double> detectable_saving(double spread, std::size_t blocks, std::size_t comparisons) {
    const double level = kLevel / static_cast<double>(std::max<std::size_t>(comparisons, 1));
    const auto shift = statistics::smallest_shift(blocks, {.level = level});
    if (!shift || spread <= 0.0) return std::nullopt;
    return 1.0 - std::exp(-*shift * spread);
}

std::optional<std::size_t> blocks_to_show(double saving, double spread, std::size_t comparisons) {
    const double level = kLevel / static_cast<double>(std::max<std::size_t>(comparisons, 1));
    if (spread <= 0.0) return std::nullopt;
    const auto pairs = statistics::pairs_for(-std::log1p(-saving) / spread, {.level = level});
    if (!pairs) return std::nullopt;
    return std::max(*pairs, kBlocksForTests);
}

std::size_t least_blocks(std::size_t comparisons) {
    std::size_t blocks = kBlocksForTests;
    while (statistics::smallest_signed_rank_p(blocks) * static_cast<double>(comparisons) >= kLevel) ++blocks;
    return blocks;
}

}  // namespace espalier::lab
