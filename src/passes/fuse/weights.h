#pragma once

#include "passes/pass.h"

namespace espalier::passes {

/// w[o, ...] * factor[o], in double precision before it is rounded.
Tensor scaled_rows(const Tensor& weights, std::span<const double> factor);

/// True when `id` is a Conv2d or Linear in f32 with constant weights (and bias), no activation, no residual, and
/// no use but one: something may be folded into it.
bool foldable(const graph::Graph& graph, const std::vector<int>& uses, graph::NodeId id);

/// Bias of a foldable node as doubles; zeros when it has none.
std::vector<double> bias_of(const graph::Graph& graph, graph::NodeId id);

/// Adds to the rewriter's graph a copy of foldable node `id` with other weights and bias.
graph::NodeId add_with_weights(graph::Rewriter& rewriter, graph::NodeId id, const Tensor& weights,
                               std::span<const double> bias);

}  // namespace espalier::passes
