#pragma once

#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "passes/observer.h"
#include "passes/repair/least_squares.h"
#include "passes/repair/patches.h"
#include "passes/repair/repair_sites.h"

namespace espalier::passes {

/// For every site and each of its groups, the moments of what it reads (x, in the order of its weights) and
/// of what it should give (y, sums of the whole layer without bias; of a normalization on its own, what it
/// read in the whole graph). Inputs are those of the pruned graph with its patches; but those of the whole
/// graph for sites above `level`, which other sites of the stage come before: what these will give is not
/// known yet.
///
/// Of each site as many samples of every image are taken as make 65536 over all, or all of fewer: all
/// positions, or seeded random ones.
std::vector<std::vector<Moments>> observe_sites(const Pruning& pruning, const Patches& now,
                                                std::span<const RepairSite> sites, int level,
                                                Observer& images, ThreadPool& pool);

}  // namespace espalier::passes
