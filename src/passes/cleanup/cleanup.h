#pragma once

#include "passes/pass.h"

namespace espalier::passes {

/// dequantize(constant)  =>  constant, so that quantized weights of a file are unpacked once, when it is loaded.
graph::Graph fold_constants(const graph::Graph& graph, Change& change);

}  // namespace espalier::passes
