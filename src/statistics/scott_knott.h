#pragma once

#include <cstddef>
#include <vector>

#include "statistics/repetitions.h"

namespace espalier::statistics {

/// What the treatments of a block design are grouped by.
enum class GroupBy {
    kMeans,  ///< means, Scott & Knott's likelihood ratio (splits 7 % of studies of equal treatments), Cohen's
             ///< d
    kRanks,  ///< medians, rank tests (5 %), Cliff's delta: nothing is assumed of the distribution
};

struct ScottKnottOptions {
    GroupBy by = GroupBy::kRanks;
    /// Level of the test that a split must pass. 1 leaves the test out: that is version 2 of Scott-Knott ESD,
    /// which splits by effect size alone and splits equal treatments in nine of ten studies of 20 blocks.
    double level = 0.05;
    /// A pair whose centres differ by less, in the unit of the values, does not matter however little it
    /// scatters.
    double least_difference = 0.0;
};

/// Groups of treatments whose differences matter.
struct Ranking {
    std::vector<std::size_t> order;  ///< treatments, the lowest first
    std::vector<std::size_t> group;  ///< of each treatment; 1 holds the lowest
};

/// Scott-Knott's clustering (1974, Biometrics 30:507) with effect size difference (Tantithamthavorn et al.
/// 2017 and 2019, IEEE TSE 43:1 and 45:7). Treatments are sorted and cut in two where the groups differ most,
/// by the sum of squares between them or, for kRanks, by Kruskal-Wallis's H. The cut stays when the
/// treatments are shown to differ at `level` and a pair across it differs by an effect that is not negligible
/// (d of 0.2, delta of 0.147); then both sides are cut in turn. The block design is used: what the runs of a
/// block have in common is taken out before, and treatments are shown to differ by the likelihood ratio over
/// the design's residual variance, or by Friedman's test (of two treatments the signed-rank test). Throws
/// Error for fewer than two complete blocks, a level outside (0, 1], or a least difference that is
/// negative.
Ranking scott_knott(const BlockedRepetitions& sample, const ScottKnottOptions& options = {});

}  // namespace espalier::statistics
