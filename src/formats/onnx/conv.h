#pragma once

#include "formats/onnx/call.h"

namespace espalier::formats::onnx {

/// The convolution that the attributes of the node describe, for an image [N, C, H, W] and weights
/// [O, C/groups, R, S]. Throws Error where they do not fit.
graph::Conv2d conv_op(const Call& call, const Shape& image, const Shape& weights);

}  // namespace espalier::formats::onnx
