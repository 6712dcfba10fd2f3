#include "kernels/normalization/batch_norm.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/dispatch.h"

namespace espalier::kernels {
namespace {

constexpr std::int64_t kGrain = 16384;

void run_portable(const float* x, std::int64_t rows, std::int64_t channels, const float* alpha,
                  const float* beta, float* y) {
    for (std::int64_t r = 0; r < rows; ++r) {
        for (std::int64_t c = 0; c < channels; ++c) {
            y[r * channels + c] = x[r * channels + c] * alpha[c] + beta[c];
        }
    }
}

constexpr ScaleShiftKernel kTable[] = {
    {"scale_shift/portable", Isa::kPortable, run_portable},
#if defined(__x86_64__)
    {"scale_shift/avx2", Isa::kAvx2, run_scale_shift_avx2},
    {"scale_shift/avx512", Isa::kAvx512, run_scale_shift_avx512},
#endif
};

}  // namespace

std::span<const ScaleShiftKernel> scale_shift_kernels() { return kTable; }

void fold_batch_norm(const BatchNormParams& params, std::int64_t channels, float* alpha, float* beta) {
    for (std::int64_t c = 0; c < channels; ++c) {
        alpha[c] = params.scale[c] * (1 / std::sqrt(params.variance[c] + params.epsilon));
        beta[c] = params.bias[c] - params.mean[c] * alpha[c];
    }
}

void scale_shift(const float* x, std::int64_t rows, std::int64_t channels, const float* alpha,
                 const float* beta, float* y, ThreadPool& pool, Isa limit) {
    const auto& kernel = select(scale_shift_kernels(), limit);
    const std::int64_t grain = std::max<std::int64_t>(1, kGrain / std::max<std::int64_t>(1, channels));
    pool.parallel_for(rows, grain, [&](std::int64_t begin, std::int64_t end, int) {
        kernel.function(x + begin * channels, end - begin, channels, alpha, beta, y + begin * channels);
    });
}

void batch_norm(const float* x, std::int64_t outer, std::int64_t channels, std::int64_t inner,
                const BatchNormParams& params, float* y, ThreadPool& pool, Isa limit) {
    std::vector<float> alpha(static_cast<std::size_t>(channels)), beta(alpha.size());
    fold_batch_norm(params, channels, alpha.data(), beta.data());
    if (inner == 1) {
        scale_shift(x, outer, channels, alpha.data(), beta.data(), y, pool, limit);
        return;
    }
    const std::int64_t grain = std::max<std::int64_t>(1, kGrain / inner);
    pool.parallel_for(outer * channels, grain, [&](std::int64_t begin, std::int64_t end, int) {
        for (std::int64_t plane = begin; plane < end; ++plane) {
            const float a = alpha[static_cast<std::size_t>(plane % channels)];
            const float b = beta[static_cast<std::size_t>(plane % channels)];
            const float* from = x + plane * inner;
            float* to = y + plane * inner;
            for (std::int64_t i = 0; i < inner; ++i) to[i] = from[i] * a + b;
        }
    });
}

}  // namespace espalier::kernels
