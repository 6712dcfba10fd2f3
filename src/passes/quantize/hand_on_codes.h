#pragma once

#include "passes/pass.h"

namespace espalier::passes {

/// quantize(y, s, z), y = integer_conv2d or integer_linear   =>  y with output codes u8(s, z)
/// integer_conv2d(.., residual = dequantize(r, s, z))        =>  integer_conv2d(.., residual = r) with codes
/// u8(s, z)
/// quantize(max_pool(y), s, z)                               =>  max_pool(y with output codes u8(s, z))
///
/// What one layer in integers hands to the next then never lies in memory as floats. y must have no other
/// use, its codes must be u8 with one scale. The same for integer_linear.
graph::Graph hand_on_codes(const graph::Graph& graph, Change& change);

}  // namespace espalier::passes
