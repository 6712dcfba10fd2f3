#include "kernels/normalization/layer_norm.h"

#include <algorithm>
#include <cmath>

#include "kernels/dispatch.h"
#include "kernels/quantize/quantize_dynamic.h"
#include "kernels/scratch.h"

namespace espalier::kernels {
namespace {

/// Elements per chunk of work. As floats they fit into L1.
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

void layer_norm(const LayerNorm& norm, const float* x, float* y, ThreadPool& pool, Isa limit,
                RowCodes codes) {
    const auto& kernel = select(layer_norm_kernels(), limit);
    const std::int64_t columns = norm.columns;
    const std::int64_t chunk = std::max<std::int64_t>(1, kGrain / std::max<std::int64_t>(1, columns));
    pool.parallel_for(norm.rows, chunk, [&](std::int64_t begin, std::int64_t end, int) {
        float* const passing =
            y ? nullptr : scratch_floats(Scratch::kLocal, static_cast<std::size_t>(chunk * columns));
        // A thread that is alone gets all rows at once.
        for (std::int64_t first = begin; first < end; first += chunk) {
            LayerNorm part = norm;
            part.rows = std::min(chunk, end - first);
            float* const values = y ? y + first * columns : passing;
            kernel.function(part, x + first * columns, values);
            if (codes.codes) quantize_rows_u8(values, part.rows, columns, codes.at(first, columns), limit);
        }
    });
}

}  // namespace espalier::kernels
