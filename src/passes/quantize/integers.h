#pragma once

#include "passes/pass.h"

namespace espalier::passes {

/// conv(dequantize(x, sx), dequantize(w, sw), b)        =>  integer_conv2d(x, w - zw, sx*sw, b)
/// linear(dequantize(x, sx), dequantize(w, sw), b)      =>  integer_linear(x, w - zw, sx*sw, b)
/// conv or linear, where w - zw does not fit s8         =>  sx*sw * conv(x - zx, w - zw, b / (sx*sw))
/// matmul(dequantize(a, sa), dequantize(b, sb))         =>  sa*sb * matmul(a - za, b - zb)
/// mean(dequantize(x, sx))                              =>  sx * mean(x - zx)
/// quantize(c * v, s)                                   =>  quantize(v, s / c)
///
/// Constant weights, whose scale may differ from feature to feature, multiply in int8 kernels. Other sums run
/// over whole numbers, which f32 holds exactly up to 2^24. Either way a Q/DQ model gives the codes that
/// integer arithmetic gives (Jacob et al. 2018, arXiv 1712.05877, eq. 7), not codes that hang on the rounding
/// of a sum.
graph::Graph sum_integers(const graph::Graph& graph, Change& change);

}  // namespace espalier::passes
