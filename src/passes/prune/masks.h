#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "graph/graph.h"

namespace espalier::passes {

/// Throws a usage Error unless a pruning amount is in [0, 1).
void check_amount(double amount);

/// A copy of f32 weights with those zeroed whose mask is 0.
Tensor masked(const Tensor& weights, std::span<const std::uint8_t> mask);

/// The graph with the f32 tensors[i] in place of the constant ids[i], rounded where that is bf16.
graph::Graph with_weights(const graph::Graph& graph, const std::vector<graph::NodeId>& ids,
                          const std::vector<Tensor>& tensors);

}  // namespace espalier::passes
