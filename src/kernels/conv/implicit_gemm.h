#pragma once

#include <memory>

#include "kernels/conv/conv2d.h"

namespace espalier::kernels {

/// Any convolution as a product over (tap, channel) whose rows are pointers to pixels: nothing is copied, and
/// taps outside of the image point to zeros. Named conv_1x1 (one tap), conv_implicit, or conv_grouped.
std::shared_ptr<const Conv2dKernel> make_implicit_gemm(const Conv2dShape& shape, const float* weights,
                                                       Isa isa, PackedMemory* memory);

}  // namespace espalier::kernels
