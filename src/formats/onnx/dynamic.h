#pragma once

#include "formats/onnx/call.h"

namespace espalier::formats::onnx {

/// Gives the product of two inputs of which one belongs to a product quantized at run time: a scale times a
/// constant, or sums times their scale. False, with nothing done, where neither does. Throws Error where they
/// do not belong together.
bool give_dynamic_product(Call& call);

}  // namespace espalier::formats::onnx
