#pragma once

#include "formats/onnx/call.h"

namespace espalier::formats::onnx {

/// Operators on codes are imported as the same operator between a DequantizeLinear and a QuantizeLinear, the
/// form that a Q/DQ model has from the start. What multiplies codes in integers is decided later.

/// (x - zero_point) * scale of input `x`, whose scale and zero point are the two inputs behind it.
NodeId dequantized(Call& call, std::size_t x, std::int64_t axis = 1);
/// The same for a constant matrix [K, N], as [N, K].
NodeId dequantized_transposed(Call& call, std::size_t matrix);
/// An s32 bias in units of scale(x) * scale(w), where those are inputs `x` + 1 and `w` + 1.
NodeId dequantized_bias(Call& call, std::size_t bias, std::size_t x, std::size_t w);
/// Gives `y` as codes, by the scale in input `scale` and the zero point behind it.
void give_quantized(Call& call, NodeId y, std::size_t scale);

/// f(x) for an f that takes f32 only but gives one of its inputs for each output: codes pass through it as
/// floats, which hold them exactly.
NodeId through_floats(Call& call, NodeId x, const graph::Op& f);

}  // namespace espalier::formats::onnx
