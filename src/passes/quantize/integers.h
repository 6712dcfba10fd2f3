#pragma once

#include "passes/pass.h"

namespace espalier::passes {

/// conv(dequantize(x, sx), dequantize(w, sw), b)        =>  sx*sw * integer_conv(x, w - zw, b / (sx*sw))
/// linear(dequantize(x, sx), dequantize(w, sw), b)      =>  sx*sw * integer_linear(x, w - zw, b / (sx*sw))
/// matmul(dequantize(a, sa), dequantize(b, sb))         =>  sa*sb * matmul(a - za, b - zb)
/// mean(dequantize(x, sx))                              =>  sx * mean(x - zx)
/// quantize(c * v, s)                                   =>  quantize(v, s / c)
///
/// sw and c may differ from feature to feature. Constant weights multiply in int8 kernels where w - zw fits s8,
/// else as whole numbers in f32, which holds them exactly up to 2^24: either way a Q/DQ model gives the codes
/// that integer arithmetic gives (Jacob et al. 2018, arXiv 1712.05877, eq. 7), not codes that hang on rounding.
graph::Graph sum_integers(const graph::Graph& graph, Change& change);

}  // namespace espalier::passes
