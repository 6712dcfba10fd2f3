#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.h"

namespace espalier::passes {

/// What a pass left of a constant operand where it took slices out of it.
struct KeptSlices {
    graph::NodeId node;  ///< of the graph that the pass was given
    std::size_t input;   ///< which of the node's inputs the operand is
    int axis;
    std::vector<std::int64_t> slices;  ///< their numbers along the axis before, in order
};

/// What a pass did to a graph: how many places it changed, 0 when it found nothing to do.
struct Change {
    int count = 0;
    std::int64_t removed_parameters = 0;  ///< learned numbers that the model no longer has
    std::vector<std::string> notes;       ///< what it left alone and why, one sentence each
    std::vector<KeptSlices> kept;         ///< of every operand that it cut
};

/// One rewriting of a graph. `apply` returns the changed copy and counts the places in `change`.
struct Pass {
    std::string_view name;
    std::function<graph::Graph(const graph::Graph& graph, Change& change)> apply;
};

/// One executed pass of a pipeline.
struct PassRecord {
    std::string name;
    int changes = 0;
    int nodes_before = 0;  ///< operations, without inputs and constants
    int nodes_after = 0;
    double seconds = 0;
    std::int64_t removed_parameters = 0;
    std::vector<std::string> notes;
    std::vector<KeptSlices> kept;
};

/// Runs the passes in order; verifies the graph after each. A pass whose name is in `disabled` is skipped.
/// Throws Error naming the pass, with the graph printed to the debug log, when one breaks the graph.
graph::Graph run_passes(const graph::Graph& graph, std::span<const Pass> passes,
                        std::vector<PassRecord>& records, std::span<const std::string> disabled = {});

}  // namespace espalier::passes
