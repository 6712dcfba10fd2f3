#pragma once

#include <memory>

#include "kernels/conv/conv2d.h"

namespace espalier::kernels {

/// True for 3x3 convolutions whose groups are as wide in as out and fit several times into one vector.
bool has_grouped_tiles(const Conv2dShape& shape, Isa isa);

/// A convolution of every channel by itself, shape.is_depthwise(), or within narrow groups,
/// has_grouped_tiles(): vectors of channels, several neighbouring output pixels in registers at once. Named
/// depthwise_3x3, _5x5 or _7x7 for those kernels with stride 1 or 2 and no dilation, depthwise otherwise, and
/// grouped_3x3.
std::shared_ptr<const Conv2dKernel> make_depthwise(const Conv2dShape& shape, const float* weights, Isa isa);

}  // namespace espalier::kernels
