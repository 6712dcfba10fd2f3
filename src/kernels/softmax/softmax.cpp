#include "kernels/softmax/softmax.h"

#include <algorithm>
#include <cmath>

#include "kernels/dispatch.h"

namespace espalier::kernels {
namespace {

constexpr std::int64_t kGrain = 8192;

/// One vector of n elements `stride` apart.
void run_strided(SoftmaxKind kind, const float* x, std::int64_t n, std::int64_t stride, float* y) {
    float top = -INFINITY;
    for (std::int64_t i = 0; i < n; ++i) {
        const float value = x[i * stride];
        if (value > top || std::isnan(value)) top = value;
    }
    double sum = 0;
    for (std::int64_t i = 0; i < n; ++i) sum += std::exp(x[i * stride] - top);
    const float log_sum = static_cast<float>(std::log(sum));
    const float scale = static_cast<float>(1 / sum);
    for (std::int64_t i = 0; i < n; ++i) {
        const float shifted = x[i * stride] - top;
        y[i * stride] = kind == SoftmaxKind::kLogSoftmax ? shifted - log_sum : std::exp(shifted) * scale;
    }
}

void run_portable(SoftmaxKind kind, const float* x, std::int64_t rows, std::int64_t n, float* y) {
    for (std::int64_t r = 0; r < rows; ++r) run_strided(kind, x + r * n, n, 1, y + r * n);
}

constexpr SoftmaxKernel kTable[] = {
    {"softmax/portable", Isa::kPortable, run_portable},
#if defined(__x86_64__)
    {"softmax/avx2", Isa::kAvx2, run_softmax_avx2},
    {"softmax/avx512", Isa::kAvx512, run_softmax_avx512},
#endif
};

}  // namespace

std::span<const SoftmaxKernel> softmax_kernels() { return kTable; }

void softmax(SoftmaxKind kind, const float* x, std::int64_t outer, std::int64_t n, std::int64_t inner,
             float* y, ThreadPool& pool, Isa limit) {
    if (n < 1) return;
    const std::int64_t grain = std::max<std::int64_t>(1, kGrain / n);
    if (inner != 1) {
        pool.parallel_for(outer * inner, grain, [&](std::int64_t begin, std::int64_t end, int) {
            for (std::int64_t i = begin; i < end; ++i) {
                const std::int64_t offset = i / inner * n * inner + i % inner;
                run_strided(kind, x + offset, n, inner, y + offset);
            }
        });
        return;
    }
    const auto& kernel = select(softmax_kernels(), limit);
    pool.parallel_for(outer, grain, [&](std::int64_t begin, std::int64_t end, int) {
        kernel.function(kind, x + begin * n, end - begin, n, y + begin * n);
    });
}

}  // namespace espalier::kernels
