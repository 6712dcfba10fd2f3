#pragma once

#include "passes/pass.h"

namespace espalier::passes {

/// batch_norm(conv(x, w) + b)  =>  conv(x, a * w) + (a * (b - mean) + beta),  a = gamma / sqrt(var + eps).
/// The same for linear. The convolution must have no other use.
graph::Graph fold_batch_norm(const graph::Graph& graph, Change& change);

/// conv(a * x + c, w) + b  =>  conv(x, w a) + (b + sum w c), for a batch_norm in front of a convolution
/// without padding or of a linear layer, and for a constant that is added in front of a linear layer (a = 1).
/// What is folded must have no other use.
graph::Graph fold_input(const graph::Graph& graph, Change& change);

/// conv(pad(x, zeros))  =>  conv(x) with the padding in its own attribute; pads of nothing vanish.
graph::Graph fold_pad(const graph::Graph& graph, Change& change);

/// conv(x, w) * s  =>  conv(x, s * w), for a constant s per output channel; the same for linear.
graph::Graph fold_scale(const graph::Graph& graph, Change& change);

/// conv(x) + r  =>  conv(x, residual = r), where the convolution has no other use; the same for linear.
graph::Graph fuse_residual(const graph::Graph& graph, Change& change);

/// activation(conv(x))  =>  conv(x) with the activation in its epilogue; the same for linear and
/// the norms of batches and groups.
graph::Graph fuse_activation(const graph::Graph& graph, Change& change);

/// reshape(transpose(matmul(softmax(scale * matmul(q, k^T)), v)))  =>  attention(q, k, v), heads side by
/// side.
graph::Graph fuse_attention(const graph::Graph& graph, Change& change);

/// attention(linear(x, wq), linear(x, wk), linear(x, wv))  =>  attention(linear(x, [wq; wk; wv])).
graph::Graph fuse_qkv(const graph::Graph& graph, Change& change);

}  // namespace espalier::passes
