#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/cpu_features.h"
#include "base/thread_pool.h"
#include "tensor/shape.h"

namespace espalier::kernels {

/// y[o i] = 1/n sum_n x[o n i] for x[outer n inner], y[outer inner]. Global average pooling of NHWC is outer
/// = N, n = H W, inner = C; the mean of the last axis is inner = 1. n must be at least 1.
void mean(const float* x, std::int64_t outer, std::int64_t n, std::int64_t inner, float* y, ThreadPool& pool,
          Isa limit = best_isa());

/// The mean over any set of axes (each in [0, rank), no duplicates); y has the remaining elements in order,
/// which is the layout both with and without kept dimensions. Throws Error for a bad axis or an empty mean.
void reduce_mean(const float* x, const Shape& shape, std::span<const int> axes, float* y, ThreadPool& pool,
                 Isa limit = best_isa());

/// One implementation of y[c] = sum over r < n of x[r * stride + c] for c < columns; y must not overlap x.
struct SumKernel {
    std::string_view name;
    Isa isa;
    void (*function)(const float* x, std::int64_t n, std::int64_t stride, std::int64_t columns, float* y);
};

/// All implementations, portable reference first.
std::span<const SumKernel> sum_kernels();

/// Defined in the file compiled for each instruction set.
void run_sum_avx2(const float* x, std::int64_t n, std::int64_t stride, std::int64_t columns, float* y);
void run_sum_avx512(const float* x, std::int64_t n, std::int64_t stride, std::int64_t columns, float* y);

}  // namespace espalier::kernels
