#pragma once

#include "kernels/conv/conv2d_shape.h"
#include "kernels/epilogue.h"

namespace espalier::kernels {

/// One output in double precision, before its activation, and the sum of the absolute terms.
struct Conv2dSum {
    double value = 0;
    double magnitude = 0;
};

/// The output at index `at` of y.
Conv2dSum conv2d_f32_reference_at(const Conv2dShape& shape, const float* weights, std::int64_t h,
                                  std::int64_t w, const float* x, std::int64_t at, const Epilogue& epilogue);

/// conv2d_f32 with plain loops, weights OIHW as they come and sums in double precision. Never optimised: the
/// oracle. magnitude, as many elements as y, receives the sum of the absolute terms if it is not null.
void conv2d_f32_reference(const Conv2dShape& shape, const float* weights, std::int64_t n, std::int64_t h,
                          std::int64_t w, const float* x, float* y, const Epilogue& epilogue,
                          float* magnitude = nullptr);

}  // namespace espalier::kernels
