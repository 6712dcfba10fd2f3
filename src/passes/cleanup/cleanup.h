#pragma once

#include "passes/pass.h"

namespace espalier::passes {

/// dequantize(constant)  =>  constant, so that quantized weights of a file are unpacked once, when it is
/// loaded.
graph::Graph fold_constants(const graph::Graph& graph, Change& change);

/// slice(f(x))  =>  f(slice(x)), for a slice of the tokens [N, T, C] and an f that works token by token, as
/// attention does with queries. A Vision Transformer's head reads the class token alone, so its last layer
/// needs no other.
graph::Graph narrow_tokens(const graph::Graph& graph, Change& change);

}  // namespace espalier::passes
