#pragma once

#include <cstdint>

#include "base/cpu_features.h"
#include "base/thread_pool.h"

namespace espalier::kernels {

/// A batch of matrices in memory: element (b0, b1, row, column) lies at
/// b0 * outer_stride + b1 * inner_stride + row * row_stride + column (in floats).
/// A stride of 0 repeats one matrix over that batch dimension.
struct MatrixBatch {
    std::int64_t outer_stride = 0;
    std::int64_t inner_stride = 0;
    std::int64_t row_stride = 0;
};

/// A product of two activations: c[b0][b1] = alpha * a[b0][b1] * op(b[b0][b1]).
struct MatmulShape {
    std::int64_t outer = 1;
    std::int64_t inner = 1;
    std::int64_t m = 1;
    std::int64_t n = 1;
    std::int64_t k = 1;
    bool transpose_b = false;  ///< b is stored [n][k] instead of [k][n]
    float alpha = 1.0f;
    MatrixBatch a;
    MatrixBatch b;
    MatrixBatch c;
};

/// c[i][j] = alpha * sum over p of a[i][p] * op(b)[p][j] for every matrix of the batch; k = 0 gives zeros.
/// Attention heads inside a [N][T][H * d] tensor are addressed by outer N, inner H, inner_stride d,
/// row_stride H * d. The matrices of c must not overlap each other, nor a or b.
void matmul_f32(const MatmulShape& shape, const float* a, const float* b, float* c, ThreadPool& pool,
                Isa isa = best_isa());

}  // namespace espalier::kernels
