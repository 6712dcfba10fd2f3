#pragma once

#include "passes/pass.h"

namespace espalier::passes {

/// linear(x, w)  =>  linear(x, bf16(w)),    conv(x, w)  =>  conv(x, bf16(w)),    bf16() as
/// round_rows_to_bf16()
///
/// Stays f32: convolutions that take at most 4 channels (the first layer sees raw pixels), those of groups
/// with fewer than 16 channels in or out (depthwise ones among them: their f32 kernels are not bound by
/// products), and weights that something else reads too.
graph::Graph round_weights_to_bfloat16(const graph::Graph& graph, Change& change);

/// attention(q, k, v)  =>  attention(q, k, v, bf16): products of numbers that are activations on both sides,
/// beside layers whose rounding is at least as coarse.
graph::Graph attend_in_bfloat16(const graph::Graph& graph, Change& change);

}  // namespace espalier::passes
