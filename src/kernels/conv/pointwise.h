#pragma once

#include <memory>

#include "kernels/conv/conv2d.h"

namespace espalier::kernels {

/// A 1x1 convolution of stride 1 without padding: one matrix product over all pixels. Named conv_1x1.
std::shared_ptr<const Conv2dKernel> make_pointwise(const Conv2dShape& shape, const float* weights, Isa isa,
                                                   PackedMemory* memory);

}  // namespace espalier::kernels
