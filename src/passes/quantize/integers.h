#pragma once

#include "passes/pass.h"

namespace espalier::passes {

/// conv(dequantize(x, sx), dequantize(w, sw), dequantize(b, sx*sw))  =>  sx*sw * conv(x - zx, w - zw, b)
/// mean(dequantize(x, sx))                                           =>  sx * mean(x - zx)
/// quantize(c * v, s)                                                =>  quantize(v, s / c)
///
/// The sums then run over whole numbers, which f32 holds exactly up to 2^24: a Q/DQ model gives the codes that
/// integer arithmetic gives (Jacob et al. 2018, arXiv 1712.05877, eq. 7), not codes that hang on rounding.
graph::Graph sum_integers(const graph::Graph& graph, Change& change);

}  // namespace espalier::passes
