#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "passes/pass.h"

namespace espalier::passes {

/// A graph before and after pruning, whose operations correspond one to one.
struct Pruning {
    const graph::Graph& whole;
    std::span<const KeptSlices> kept;  ///< of the operands of `whole` that were cut
    const graph::Graph& pruned;
};

/// A layer of a pruned graph, a batch normalization, or one right behind the other, whose numbers can be
/// mended.
struct RepairSite {
    /// The Conv2d or Linear in the pruned graph; kNone where a normalization reads something else.
    graph::NodeId layer = graph::NodeId::kNone;
    /// The BatchNorm that alone reads the layer, or stands on its own; kNone where there is none.
    graph::NodeId norm = graph::NodeId::kNone;
    /// The node of the whole graph that corresponds to the layer, or to the norm where there is no layer.
    graph::NodeId whole = graph::NodeId::kNone;
    int level = 0;                     ///< the most sites on a way from the input to this one
    bool was_pruned = false;           ///< weights of the layer were zeroed, or inputs of it taken out
    std::vector<std::int64_t> inputs;  ///< channels of the whole layer's input that are left, over all groups
    std::vector<std::int64_t> outputs;  ///< channels of the whole layer's output that are left

    /// The first node of the site in the pruned graph.
    graph::NodeId node() const { return layer == graph::NodeId::kNone ? norm : layer; }
};

/// All sites in execution order: layers with constant weights, and normalizations with constant statistics,
/// of what depends on the input. Throws Error where the graphs do not correspond.
std::vector<RepairSite> repair_sites(const Pruning& pruning);

}  // namespace espalier::passes
