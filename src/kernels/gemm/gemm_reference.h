#pragma once

#include <cstdint>

#include "kernels/epilogue.h"

namespace espalier::kernels {

/// activation(x) in double precision, straight from its definition.
double activate_reference(double x, const Epilogue& epilogue);

/// gemm_f32 with plain loops, weights[n][k] as they come and sums in double precision. Never optimised: the
/// oracle. magnitude[i][j], dense m x n, receives the sum of |a * weights| + |bias| + |residual| if it is not
/// null: float rounding of any order of summation is proportional to it.
void gemm_f32_reference(std::int64_t m, std::int64_t n, std::int64_t k, const float* a, std::int64_t lda,
                        const float* weights, float* c, std::int64_t ldc, const Epilogue& epilogue,
                        float* magnitude = nullptr);

}  // namespace espalier::kernels
