#include "lab/comparison.h"

#include <algorithm>

#include "statistics/rank_tests.h"
#include "statistics/summary.h"

namespace espalier::lab {
namespace {

constexpr double kLevel = 0.05;

bool all_positive(std::span<const double> values) {
    return std::all_of(values.begin(), values.end(), [](double value) { return value > 0.0; });
}

}  // namespace

std::optional<Comparison> compare(const std::vector<statistics::BlockValue>& baseline,
                                  const std::vector<statistics::BlockValue>& treated,
                                  const statistics::BootstrapOptions& bootstrap) {
    const statistics::PairedRepetitions pairs{statistics::Repetitions(baseline),
                                              statistics::Repetitions(treated)};
    if (pairs.size() < 2 || !all_positive(pairs.baseline()) || !all_positive(pairs.treated()))
        return std::nullopt;
    const auto estimate = statistics::ratio_of_medians(pairs, bootstrap);
    Comparison comparison;
    comparison.baseline = statistics::median(pairs.baseline());
    comparison.treated = statistics::median(pairs.treated());
    comparison.ratio = estimate.value;
    comparison.interval = estimate.interval;
    comparison.blocks = pairs.size();
    if (pairs.size() >= kBlocksForTests) comparison.p_value = statistics::signed_rank(pairs).p_value;
    return comparison;
}

void adjust(const std::vector<Comparison*>& family) {
    std::vector<Comparison*> tested;
    std::vector<double> p_values;
    for (auto* comparison : family) {
        if (!comparison->p_value) continue;
        tested.push_back(comparison);
        p_values.push_back(*comparison->p_value);
    }
    const auto adjusted = statistics::holm(p_values);
    for (std::size_t i = 0; i < tested.size(); ++i) tested[i]->p_value = adjusted[i];
}

std::size_t least_blocks(std::size_t comparisons) {
    std::size_t blocks = kBlocksForTests;
    while (statistics::smallest_signed_rank_p(blocks) * static_cast<double>(comparisons) >= kLevel) ++blocks;
    return blocks;
}

}  // namespace espalier::lab
