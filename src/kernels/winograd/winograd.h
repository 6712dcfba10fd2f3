#pragma once

#include <memory>

#include "kernels/conv/conv2d.h"

namespace espalier::kernels {

/// Whether the filtering computes such a convolution: 3x3, stride 1, no dilation, one group, and at least 16
/// channels on both sides.
bool winograd_applies(const Conv2dShape& shape);

/// The output tile that should be fastest for n images of h x w pixels: 2 or 4, or 0 where the direct
/// convolution is, or where the filtering does not apply or the input is unknown (0).
int winograd_tile(const Conv2dShape& shape, std::int64_t n, std::int64_t h, std::int64_t w, Isa isa);

/// Cycles of one core that the faster of the direct convolution and, where `winograd` allows it and it
/// applies, the filtering should take for n images of h x w pixels: an estimate from measurements on AVX-512.
double dense_conv_cycles(const Conv2dShape& shape, std::int64_t n, std::int64_t h, std::int64_t w, Isa isa,
                         bool winograd);

/// A 3x3 convolution by Winograd's filtering with output tiles of 2 x 2 or 4 x 4 pixels: transform the input,
/// multiply by the transformed weights once per element of a tile, transform back with the epilogue fused.
/// Named winograd_2x2 or winograd_4x4.
///
/// Rounding: relative to the largest sum of absolute terms of an output, the error stays below 2.5e-7 (2 x 2)
/// and 5e-6 (4 x 4); measured up to 512 channels: 1e-7 and 2.2e-6.
std::shared_ptr<const Conv2dKernel> make_winograd(const Conv2dShape& shape, const float* weights, int tile,
                                                  Isa isa, PackedMemory* memory = nullptr);

}  // namespace espalier::kernels
