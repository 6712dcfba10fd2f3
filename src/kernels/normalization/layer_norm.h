#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/cpu_features.h"
#include "base/thread_pool.h"
#include "kernels/quantize/row_codes.h"

namespace espalier::kernels {

/// Layer normalization over the last axis of x[rows columns] (Ba et al. 2016, arXiv 1607.06450):
/// y[r c] = (x[r c] - mean_r) / sqrt(var_r + epsilon) * gamma[c] + beta[c], var_r the biased variance
/// computed about the mean in a second pass. gamma and beta may be null (1 and 0).
struct LayerNorm {
    std::int64_t rows;
    std::int64_t columns;
    const float* gamma;
    const float* beta;
    float epsilon;
};

/// y may be x. Rows are dense. Where `codes` has a place, the rows of y go there as quantize_groups_u8()
/// codes them with a row for a group, and y may be null: the floats then never leave the cache.
void layer_norm(const LayerNorm& norm, const float* x, float* y, ThreadPool& pool, Isa limit = best_isa(),
                RowCodes codes = {});

/// One implementation, single-threaded, of `norm.rows` rows.
struct LayerNormKernel {
    std::string_view name;
    Isa isa;
    void (*function)(const LayerNorm& norm, const float* x, float* y);
};

/// All implementations, portable reference first.
std::span<const LayerNormKernel> layer_norm_kernels();

/// Defined in the file compiled for each instruction set.
void run_layer_norm_avx2(const LayerNorm& norm, const float* x, float* y);
void run_layer_norm_avx512(const LayerNorm& norm, const float* x, float* y);

}  // namespace espalier::kernels
