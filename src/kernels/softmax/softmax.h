#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/cpu_features.h"
#include "base/thread_pool.h"

namespace espalier::kernels {

enum class SoftmaxKind : std::uint8_t { kSoftmax, kLogSoftmax };

/// Over axis n of x[outer n inner] (inner = 1 for the last axis):
/// softmax:     y = exp(x - m) / sum_n exp(x - m)
/// log-softmax: y = x - m - log(sum_n exp(x - m)),   m = max_n x.
/// y may be x. A row that contains NaN or +inf, or only -inf, gives NaN, as in torch.
void softmax(SoftmaxKind kind, const float* x, std::int64_t outer, std::int64_t n, std::int64_t inner,
             float* y, ThreadPool& pool, Isa limit = best_isa());

/// One implementation for inner = 1, single-threaded, over dense rows.
struct SoftmaxKernel {
    std::string_view name;
    Isa isa;
    void (*function)(SoftmaxKind kind, const float* x, std::int64_t rows, std::int64_t n, float* y);
};

/// All implementations, portable reference first.
std::span<const SoftmaxKernel> softmax_kernels();

/// Defined in the file compiled for each instruction set.
void run_softmax_avx2(SoftmaxKind kind, const float* x, std::int64_t rows, std::int64_t n, float* y);
void run_softmax_avx512(SoftmaxKind kind, const float* x, std::int64_t rows, std::int64_t n, float* y);

}  // namespace espalier::kernels
