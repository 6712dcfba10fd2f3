#pragma once

#include <span>

#include "passes/pass.h"

namespace espalier::passes {

/// Exporters spell out operations that this engine has as one. These passes find them again, so that a
/// network means the same whether it comes from a checkpoint or from ONNX.

/// linear(x, w) + b  =>  linear(x, w, b), for a constant b per output feature; the same for conv2d per
/// channel.
graph::Graph recognize_bias(const graph::Graph& graph, Change& change);

/// d / sqrt(mean(d^2) + eps) * gamma + beta, with d = x - mean(x) over the last axis  =>  layer_norm(x,
/// gamma, beta). gamma, or gamma and beta, may be absent.
graph::Graph recognize_layer_norm(const graph::Graph& graph, Change& change);

/// 0.5 x (1 + erf(x / sqrt(2)))  =>  gelu(x), the factors in any order.
graph::Graph recognize_gelu(const graph::Graph& graph, Change& change);

/// x sigmoid(x)  =>  silu(x)
graph::Graph recognize_silu(const graph::Graph& graph, Change& change);

/// clip(x + 3, 0, 6) / 6  or  clip(x / 6 + 1/2, 0, 1)  =>  hard_sigmoid(x);
/// x hard_sigmoid(x)  or  x clip(x + 3, 0, 6) / 6  =>  hard_swish(x).
graph::Graph recognize_hard_swish(const graph::Graph& graph, Change& change);

/// All of them, in the order in which they are run after an import.
std::span<const Pass> recognition_passes();

}  // namespace espalier::passes
