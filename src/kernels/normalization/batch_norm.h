#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/cpu_features.h"
#include "base/thread_pool.h"

namespace espalier::kernels {

/// Statistics and affine of one batch normalization, each of `channels` floats.
struct BatchNormParams {
    const float* scale;
    const float* bias;
    const float* mean;
    const float* variance;
    float epsilon;
};

/// y[o c i] = x[o c i] * alpha[c] + beta[c], alpha = scale / sqrt(variance + epsilon), beta = bias - mean *
/// alpha: what torch computes in evaluation. NHWC is inner = 1; NCHW is inner = H W. y may be x. Throws Error
/// when there is not enough memory for two vectors of `channels` floats.
void batch_norm(const float* x, std::int64_t outer, std::int64_t channels, std::int64_t inner,
                const BatchNormParams& params, float* y, ThreadPool& pool, Isa limit = best_isa());

/// The folded form alpha, beta above; each has room for `channels` floats.
void fold_batch_norm(const BatchNormParams& params, std::int64_t channels, float* alpha, float* beta);

/// y[r c] = x[r c] * alpha[c] + beta[c] over dense rows. y may be x.
void scale_shift(const float* x, std::int64_t rows, std::int64_t channels, const float* alpha,
                 const float* beta, float* y, ThreadPool& pool, Isa limit = best_isa());

/// One implementation of scale_shift(), single-threaded.
struct ScaleShiftKernel {
    std::string_view name;
    Isa isa;
    void (*function)(const float* x, std::int64_t rows, std::int64_t channels, const float* alpha,
                     const float* beta, float* y);
};

/// All implementations, portable reference first.
std::span<const ScaleShiftKernel> scale_shift_kernels();

/// Defined in the file compiled for each instruction set.
void run_scale_shift_avx2(const float* x, std::int64_t rows, std::int64_t channels, const float* alpha,
                          const float* beta, float* y);
void run_scale_shift_avx512(const float* x, std::int64_t rows, std::int64_t channels, const float* alpha,
                            const float* beta, float* y);

}  // namespace espalier::kernels
