#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/cpu_features.h"
#include "base/thread_pool.h"

namespace espalier::kernels {

/// Group normalization (Wu & He 2018, arXiv 1803.08494). The channels are cut into `groups` runs of equal
/// length; mean and biased variance are those of all pixels of one group of one image:
/// y[n c p] = (x[n c p] - mean[n g]) / sqrt(var[n g] + epsilon) * gamma[c] + beta[c], g = c * groups /
/// channels.
struct GroupNorm {
    std::int64_t images;
    std::int64_t pixels;
    std::int64_t channels;  ///< a multiple of groups
    std::int64_t groups;
    const float* gamma;
    const float* beta;
    float epsilon;
};

/// Images channels-last, x[n p c]. y may be x. The variance is computed about the mean: squares of blocks of
/// pixels about the mean of their block, joined in double (Chan, Golub & LeVeque 1979), so that x is read
/// once. Throws Error when there is not enough memory for two floats per block and channel.
void group_norm(const GroupNorm& norm, const float* x, float* y, ThreadPool& pool, Isa limit = best_isa());

/// Images channels-first, x[n c p], without vector instructions. y may be x.
void group_norm_planes(const GroupNorm& norm, const float* x, float* y, ThreadPool& pool);

/// One implementation, single-threaded, of mean[c] = sum_r x[r c] / rows and squares[c] = sum_r (x[r c] -
/// mean[c])^2 over dense rows. Sums are kept in floats, so `rows` is to be small: at most kMomentRows.
struct ColumnMomentsKernel {
    std::string_view name;
    Isa isa;
    void (*function)(const float* x, std::int64_t rows, std::int64_t channels, float* mean, float* squares);
};

/// 64 additions lose at most six bits, in the worst order of signs.
constexpr std::int64_t kMomentRows = 64;

/// All implementations, portable reference first.
std::span<const ColumnMomentsKernel> column_moments_kernels();

/// Defined in the file compiled for each instruction set.
void run_column_moments_avx2(const float* x, std::int64_t rows, std::int64_t channels, float* mean,
                             float* squares);
void run_column_moments_avx512(const float* x, std::int64_t rows, std::int64_t channels, float* mean,
                               float* squares);

}  // namespace espalier::kernels
