#pragma once

#include "passes/pass.h"

namespace espalier::passes {

/// w[o, ...] * factor[o], in double precision before it is rounded.
Tensor scaled_rows(const Tensor& weights, std::span<const double> factor);

/// True when `id` is a Conv2d or Linear with constant f32 weights (and bias) and no residual: something in
/// front of it may be folded into it.
bool has_constant_weights(const graph::Graph& graph, graph::NodeId id);

/// True when it has no activation and no use but one either: something behind it may be folded into it.
bool foldable(const graph::Graph& graph, const std::vector<int>& uses, graph::NodeId id);

/// Bias of a node with constant weights as doubles; zeros when it has none.
std::vector<double> bias_of(const graph::Graph& graph, graph::NodeId id);

/// Adds to the rewriter's graph a copy of such a node `id` with other weights and bias, and with `input` of
/// the old graph in place of its own where that is given.
graph::NodeId add_with_weights(graph::Rewriter& rewriter, graph::NodeId id, const Tensor& weights,
                               std::span<const double> bias, graph::NodeId input = graph::NodeId::kNone);

/// y[c] = a[c] * x[c] + b[c]
struct Affine {
    std::vector<double> a;
    std::vector<double> b;
};

/// True when batch normalization `id` has constants for its statistics, gamma and beta.
bool has_constant_statistics(const graph::Graph& graph, graph::NodeId id);

/// What batch normalization `id` with constant statistics does to each channel.
Affine affine_of(const graph::Graph& graph, graph::NodeId id);

}  // namespace espalier::passes
