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

/// How large a difference is, beside the ratio of medians. It describes; it is no condition of a claim.
struct EffectSize {
    double delta = 0.0;  ///< Cliff's, of treated against baseline: -1 where every treated run is lower
    statistics::Interval delta_interval;
    double a12 = 0.5;  ///< probability that a treated run is higher than one of the baseline
    statistics::Interval a12_interval;
    /// Typical treated / baseline within a block, exp of the Hodges-Lehmann shift of the logarithms; BCa
    /// interval.
    statistics::Estimate typical;
    /// The interval that the exact signed-rank test inverts to; nothing for fewer than 6 blocks.
    std::optional<statistics::Interval> typical_exact;
};

/// A quantity of a variant against the baseline of its model, paired by block.
struct Comparison {
    double baseline = 0.0;  ///< median over the paired blocks
    double treated = 0.0;
    double ratio = 1.0;             ///< treated / baseline, ratio of medians
    statistics::Interval interval;  ///< of the ratio; bootstrap over blocks
    std::size_t blocks = 0;         ///< paired
    EffectSize effect;
    /// Exact signed-rank test; by adjust() Holm-adjusted and no smaller than the omnibus test's.
    std::optional<double> p_value;
    /// Of "within the margin" by the rank-based two one-sided tests of the ratio; Holm-adjusted by adjust().
    std::optional<double> equivalence_p;
    /// Shapiro-Wilk of the log ratios by block: reported, no condition of anything. Nothing where it is not
    /// defined.
    std::optional<double> normality_p;
    /// Standard deviation of the log ratios over blocks.
    double spread = 0.0;
    /// The smallest saving, as a share of the baseline, that so many blocks of this spread show in four of
    /// five studies; set by adjust(). Nothing where none can be shown, or the spread is 0.
    std::optional<double> detectable;

    /// A difference is shown: the test rejects at 5 % and the interval leaves out 1.
    bool shown() const { return p_value && *p_value < 0.05 && !interval.contains(1.0); }
    /// A saving is shown, and it is at least `min_effect` of the baseline.
    bool saves(double min_effect) const { return shown() && ratio <= 1.0 - min_effect; }
    /// It is shown that there is no difference beyond the margin.
    bool equivalent() const { return equivalence_p && *equivalence_p < 0.05; }
};

/// Nothing where fewer than two blocks have both values, or a value is not positive. `margin` is the smallest
/// change that matters, as a share of the baseline; equivalence is not tested where it is not between 0
/// and 1.
std::optional<Comparison> compare(const std::vector<statistics::BlockValue>& baseline,
                                  const std::vector<statistics::BlockValue>& treated, double margin,
                                  const statistics::BootstrapOptions& bootstrap = {});

/// Replaces the p-values of one family, the variants of one model under one quantity, by Holm's, none smaller
/// than `omnibus_p` where there is one, and says what the family could have shown.
void adjust(const std::vector<Comparison*>& family, std::optional<double> omnibus_p = std::nullopt);

/// The smallest saving, as a share of the baseline, that so many blocks show in four of five studies, where
/// log ratios scatter over blocks by `spread` and `comparisons` variants are tested beside each other.
/// Nothing where so few blocks can show none.
std::optional<double> detectable_saving(double spread, std::size_t blocks, std::size_t comparisons);

/// The fewest blocks that show a saving, a share of the baseline in (0, 1), with that power. Nothing beyond
/// 100 000.
std::optional<std::size_t> blocks_to_show(double saving, double spread, std::size_t comparisons);

/// The fewest blocks with which `comparisons` tests can show anything after Holm's correction.
std::size_t least_blocks(std::size_t comparisons);

}  // namespace espalier::lab
