#pragma once

#include "graph/graph.h"

namespace espalier::models {

/// TensorFlow's SAME padding (top, left, bottom, right) of a convolution with a square kernel on images of
/// shape [n, c, h, w]: ceil(extent / stride) results come out per axis, and the odd pixel goes behind. It is
/// counted for an undilated kernel and then multiplied by the dilation, as transformers does.
graph::Quad same_padding(const Shape& image, std::int64_t kernel, std::int64_t stride,
                         std::int64_t dilation = 1);

/// The same number of pixels on all sides, which keeps the size of an odd kernel at stride 1.
graph::Quad symmetric_padding(std::int64_t kernel, std::int64_t dilation = 1);

}  // namespace espalier::models
