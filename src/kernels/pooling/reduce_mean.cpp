#include "kernels/pooling/reduce_mean.h"

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "kernels/dispatch.h"

namespace espalier::kernels {
namespace {

/// Elements summed per chunk of work.
constexpr std::int64_t kGrain = 16384;

/// Inner positions per chunk: a cache line multiple, so that threads do not share lines of y.
constexpr std::int64_t kColumns = 64;

void run_portable(const float* x, std::int64_t n, std::int64_t stride, std::int64_t columns, float* y) {
    for (std::int64_t c = 0; c < columns; ++c) {
        double sum = 0;
        for (std::int64_t i = 0; i < n; ++i) sum += x[i * stride + c];
        y[c] = static_cast<float>(sum / static_cast<double>(n));
    }
}

constexpr MeanKernel kTable[] = {
    {"mean/portable", Isa::kPortable, run_portable},
#if defined(__x86_64__)
    {"mean/avx2", Isa::kAvx2, run_mean_avx2},
    {"mean/avx512", Isa::kAvx512, run_mean_avx512},
#endif
};

}  // namespace

std::span<const MeanKernel> mean_kernels() { return kTable; }

void mean(const float* x, std::int64_t outer, std::int64_t n, std::int64_t inner, float* y, ThreadPool& pool,
          Isa limit) {
    if (outer < 1 || inner < 1) return;
    if (n < 1) fail("the mean of no elements is not defined");
    const auto& kernel = select(mean_kernels(), limit);
    const std::int64_t blocks = (inner + kColumns - 1) / kColumns;
    const std::int64_t grain = std::max<std::int64_t>(1, kGrain / (n * std::min(inner, kColumns)));
    pool.parallel_for(outer * blocks, grain, [&](std::int64_t begin, std::int64_t end, int) {
        for (std::int64_t i = begin; i < end; ++i) {
            const std::int64_t o = i / blocks, first = i % blocks * kColumns;
            kernel.function(x + o * n * inner + first, n, inner, std::min(kColumns, inner - first),
                            y + o * inner + first);
        }
    });
}

void reduce_mean(const float* x, const Shape& shape, std::span<const int> axes, float* y, ThreadPool& pool,
                 Isa limit) {
    std::vector<bool> reduced(static_cast<std::size_t>(shape.rank()));
    for (const int axis : axes) {
        if (axis < 0 || axis >= shape.rank() || reduced[static_cast<std::size_t>(axis)]) {
            fail("mean of {}: axis {} is repeated or outside 0..{}", shape.str(), axis, shape.rank() - 1);
        }
        reduced[static_cast<std::size_t>(axis)] = true;
    }
    std::vector<std::int64_t> extents = shape.extents();
    std::vector<float> scratch;
    const float* from = x;
    // Runs of neighbouring axes are reduced one after the other, innermost first: each shrinks the data.
    for (int last = shape.rank(); last > 0;) {
        int first = last;
        while (first > 0 && reduced[static_cast<std::size_t>(first - 1)]) --first;
        if (first == last) {
            --last;
            continue;
        }
        const Shape now{extents};
        const std::int64_t n = now.product(first, last);
        std::vector<float> next(
            static_cast<std::size_t>(now.product(0, first) * now.product(last, now.rank())));
        mean(from, now.product(0, first), n, now.product(last, now.rank()), next.data(), pool, limit);
        for (int k = first; k < last; ++k) extents[static_cast<std::size_t>(k)] = 1;
        scratch = std::move(next);
        from = scratch.data();
        last = first;
    }
    std::copy_n(from, Shape(extents).elements(), y);
}

}  // namespace espalier::kernels
