#include "statistics/break_even.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "base/error.h"
#include "statistics/summary.h"

namespace espalier::statistics {
namespace {

/// The cost of every block of the pairs, in their order.
std::vector<double> costs_by_block(const PairedRepetitions& per_image, const Repetitions& cost) {
    std::vector<double> costs;
    for (const std::int64_t block : per_image.blocks()) {
        const auto found = std::lower_bound(cost.blocks().begin(), cost.blocks().end(), block);
        if (found == cost.blocks().end() || *found != block)
            fail("block {} has no cost of optimization", block);
        costs.push_back(cost.values()[static_cast<std::size_t>(found - cost.blocks().begin())]);
    }
    return costs;
}

double median_at(std::span<const double> values, std::span<const std::size_t> blocks) {
    std::vector<double> chosen;
    for (const std::size_t block : blocks) chosen.push_back(values[block]);
    return median(chosen);
}

BreakEvenState judge(const Interval& saving, double cost) {
    if (saving.contains(0)) return BreakEvenState::kNotShown;
    if (saving.high < 0) return BreakEvenState::kNever;
    return cost <= 0 ? BreakEvenState::kImmediate : BreakEvenState::kShown;
}

}  // namespace

BreakEven break_even(const PairedRepetitions& per_image, const Repetitions& cost,
                     const BootstrapOptions& options) {
    const std::vector<double> costs = costs_by_block(per_image, cost);
    const auto saving = [&](std::span<const std::size_t> blocks) {
        return median_at(per_image.baseline(), blocks) - median_at(per_image.treated(), blocks);
    };
    BreakEven result;
    result.saving = bootstrap(per_image.size(), saving, options);
    result.cost = median(costs);
    result.state = judge(result.saving.interval, result.cost);
    if (result.state != BreakEvenState::kShown) return result;
    // A resample that saves nothing never pays back: it belongs at the far end, not at a negative number.
    const auto images = [&](std::span<const std::size_t> blocks) {
        const double saved = saving(blocks);
        return saved > 0 ? median_at(costs, blocks) / saved : std::numeric_limits<double>::infinity();
    };
    BootstrapOptions percentile = options;
    percentile.method = BootstrapMethod::kPercentile;
    const Estimate estimate = bootstrap(per_image.size(), images, percentile);
    result.images = estimate.value;
    result.interval = estimate.interval;
    return result;
}

}  // namespace espalier::statistics
