#pragma once

#include <memory>

#include "kernels/conv/conv2d.h"

namespace espalier::kernels {

/// A convolution of every channel by itself, shape.is_depthwise(): vectors of channels, several neighbouring
/// output pixels in registers at once. Named depthwise_3x3, _5x5 or _7x7 for those kernels with horizontal
/// stride 1 or 2 and no horizontal dilation, else depthwise.
std::shared_ptr<const Conv2dKernel> make_depthwise(const Conv2dShape& shape, const float* weights, Isa isa);

}  // namespace espalier::kernels
