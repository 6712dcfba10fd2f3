#pragma once

#include "passes/observer.h"
#include "passes/pass.h"
#include "passes/quantize/activation_range.h"

namespace espalier::passes {

/// conv(x, w, b, r)    =>  integer_conv2d(quantize(x, sx, zx), q, sx * sw, b + e, r),   w[o] ~ sw[o] * q[o]
/// linear(x, w, b, r)  =>  integer_linear(quantize(x, sx, zx), q, sx * sw, b + e, r)
///
/// x is quantized to u8 with one scale and zero point, which cover the range that `rule` tells from the
/// values `observer` shows; a value that several layers read is quantized once. Weights are s8, symmetric,
/// with the scale of each output channel that errs least in the square. e[o] is the mean of conv(x, w) -
/// integer_conv2d(..) over the observed images and positions (bias correction: Nagel et al. 2019, arXiv
/// 1906.04721, sec. 4.2).
///
/// What a convolution adds (r) is read as codes where another layer reads the same value. Left in float:
/// grouped convolutions but depthwise (too few products per output to pay), and layers of what does not
/// depend on the input.
graph::Graph quantize_statically(const graph::Graph& graph, const RangeRule& rule, Observer& observer,
                                 Change& change);

}  // namespace espalier::passes
