#pragma once

#include <memory>
#include <vector>

#include "engine/operator.h"

namespace espalier::engine {

/// Nodes that one operator executes: a chain in which each is the only reader of the one before it, as its
/// input 0. The values between them are never in memory. The operator reads the inputs of the last node, but
/// for input 0, which is that of the first.
struct Fusion {
    std::vector<graph::NodeId> nodes;
    std::unique_ptr<Operator> op;

    graph::NodeId last() const { return nodes.back(); }
};

/// The chains that are faster as one operator of so many threads. `operators[i]` executes node i and outlives
/// the result, whose operators run its kernels: bits and weights are the same.
std::vector<Fusion> fuse(const graph::Graph& graph, const std::vector<std::unique_ptr<Operator>>& operators,
                         int threads);

}  // namespace espalier::engine
