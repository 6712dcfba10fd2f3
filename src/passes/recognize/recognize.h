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

/// 0.5 x (1 + erf(x / sqrt(2)))  =>  gelu(x), the factors in any order;
/// 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))  =>  gelu_tanh(x).
graph::Graph recognize_gelu(const graph::Graph& graph, Change& change);

/// x sigmoid(x)  =>  silu(x)
graph::Graph recognize_silu(const graph::Graph& graph, Change& change);

/// clip(x + 3, 0, 6) / 6  or  clip(x / 6 + 1/2, 0, 1)  =>  hard_sigmoid(x);
/// x hard_sigmoid(x)  or  x clip(x + 3, 0, 6) / 6  =>  hard_swish(x).
graph::Graph recognize_hard_swish(const graph::Graph& graph, Change& change);

/// linear(transpose(x, [1, 0, 2]), w)  =>  transpose(linear(x, w), [1, 0, 2]), as attention written for
/// tokens before the batch begins.
graph::Graph sink_tokens_first(const graph::Graph& graph, Change& change);

/// Movements that cut q, k or v of [N, T, W] into heads [N, h, T, d], in however many steps  =>  one Reshape
/// and one Transpose, with a Slice where W holds all three; and those that join heads around a projection of
/// tokens before the batch  =>  the projection of [N, T, W]. The forms are those that attention is fused
/// from.
graph::Graph recognize_heads(const graph::Graph& graph, Change& change);

/// reshape(s + bias [h, T, S], [N, W, h, T, S]) + mask [1, W, 1, T, S]  =>  reshape(s) + (mask + bias), for
/// scores s [N W, h, T, S] of attention in W shifted windows.
graph::Graph recognize_window_bias(const graph::Graph& graph, Change& change);

/// All of them, in the order in which they are run after an import.
std::span<const Pass> recognition_passes();

}  // namespace espalier::passes
