#pragma once

#include "kernels/conv/conv2d_shape.h"
#include "kernels/epilogue.h"

namespace espalier::kernels {

/// conv2d_f32 with plain loops, weights OIHW as they come and sums in double precision. Never optimised: the
/// oracle. magnitude, as many elements as y, receives the sum of the absolute terms if it is not null.
void conv2d_f32_reference(const Conv2dShape& shape, const float* weights, std::int64_t n, std::int64_t h,
                          std::int64_t w, const float* x, float* y, const Epilogue& epilogue,
                          float* magnitude = nullptr);

}  // namespace espalier::kernels
