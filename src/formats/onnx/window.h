#pragma once

#include "formats/onnx/call.h"
#include "graph/fields.h"

namespace espalier::formats::onnx {

/// The attributes strides, pads, dilations and auto_pad of a convolution or pooling over images of `height` x
/// `width`. Throws Error for another number of axes than two or an unknown auto_pad.
graph::Window read_window(const Call& call, const graph::Pair& kernel, std::int64_t height,
                          std::int64_t width);

/// An attribute of two integers.
graph::Pair read_pair(const Call& call, const char* name, graph::Pair otherwise);

}  // namespace espalier::formats::onnx
