#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "statistics/bootstrap.h"
#include "statistics/repetitions.h"

namespace espalier::lab {

/// With fewer blocks than this values are described and nothing is claimed: the usual least number of
/// repetitions, and with the four comparisons of a default study the first at which Holm leaves the exact
/// test some power.
inline constexpr std::size_t kBlocksForTests = 10;

/// A quantity of a variant against the baseline of its model, paired by block.
struct Comparison {
    double baseline = 0.0;  ///< median over the paired blocks
    double treated = 0.0;
    double ratio = 1.0;             ///< treated / baseline, ratio of medians
    statistics::Interval interval;  ///< of the ratio; bootstrap over blocks
    std::size_t blocks = 0;         ///< paired
    std::optional<double> p_value;  ///< exact signed-rank test; Holm-adjusted by adjust()

    /// A difference is shown: the test rejects at 5 % and the interval leaves out 1.
    bool shown() const { return p_value && *p_value < 0.05 && !interval.contains(1.0); }
    /// A saving is shown, and it is at least `min_effect` of the baseline.
    bool saves(double min_effect) const { return shown() && ratio <= 1.0 - min_effect; }
};

/// Nothing where fewer than two blocks have both values, or a value is not positive.
std::optional<Comparison> compare(const std::vector<statistics::BlockValue>& baseline,
                                  const std::vector<statistics::BlockValue>& treated,
                                  const statistics::BootstrapOptions& bootstrap = {});

/// Replaces the p-values of one family, the variants of one model under one quantity, by Holm's.
void adjust(const std::vector<Comparison*>& family);

/// The fewest blocks with which `comparisons` tests can show anything after Holm's correction.
std::size_t least_blocks(std::size_t comparisons);

}  // namespace espalier::lab
