#include "kernels/normalization/layer_norm.h"

#include <algorithm>
#include <cmath>

#include "kernels/dispatch.h"

namespace espalier::kernels {
namespace {

constexpr std::int64_t kGrain = 8192;

void run_portable(const LayerNorm& norm, const float* x, float* y) {
    const std::int64_t n = norm.columns;
    for (std::int64_t r = 0; r < norm.rows; ++r, x += n, y += n) {
        double sum = 0;
        for (std::int64_t c = 0; c < n; ++c) sum += x[c];
        const double mean = sum / static_cast<double>(n);
        double squares = 0;
        for (std::int64_t c = 0; c < n; ++c) squares += (x[c] - mean) * (x[c] - mean);
        const double scale = 1 / std::sqrt(squares / static_cast<double>(n) + norm.epsilon);
        for (std::int64_t c = 0; c < n; ++c) {
            const double value = (x[c] - mean) * scale;
            y[c] =
                static_cast<float>(value * (norm.gamma ? norm.gamma[c] : 1) + (norm.beta ? norm.beta[c] : 0));
        }
    }
}

constexpr LayerNormKernel kTable[] = {
    {"layer_norm/portable", Isa::kPortable, run_portable},
#if defined(__x86_64__)
    {"layer_norm/avx2", Isa::kAvx2, run_layer_norm_avx2},
    {"layer_norm/avx512", Isa::kAvx512, run_layer_norm_avx512},
#endif
};

}  // namespace

std::span<const LayerNormKernel> layer_norm_kernels() { return kTable; }

void layer_norm(const LayerNorm& norm, const float* x, float* y, ThreadPool& pool, Isa limit) {
    const auto& kernel = select(layer_norm_kernels(), limit);
    const std::int64_t grain = std::max<std::int64_t>(1, kGrain / std::max<std::int64_t>(1, norm.columns));
    pool.parallel_for(norm.rows, grain, [&](std::int64_t begin, std::int64_t end, int) {
        LayerNorm part = norm;
        part.rows = end - begin;
        kernel.function(part, x + begin * norm.columns, y + begin * norm.columns);
    });
}

}  // namespace espalier::kernels
