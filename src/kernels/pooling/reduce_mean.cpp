#include "kernels/pooling/reduce_mean.h"

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "kernels/dispatch.h"
#include "kernels/gemm/partition.h"
#include "kernels/scratch.h"

namespace espalier::kernels {
namespace {

/// Elements summed per chunk of work.
constexpr std::int64_t kGrain = 16384;

void run_portable(const float* x, std::int64_t n, std::int64_t stride, std::int64_t columns, float* y) {
    for (std::int64_t c = 0; c < columns; ++c) {
        double sum = 0;
        for (std::int64_t i = 0; i < n; ++i) sum += x[i * stride + c];
        y[c] = static_cast<float>(sum);
    }
}

constexpr SumKernel kTable[] = {
    {"sum/portable", Isa::kPortable, run_portable},
#if defined(__x86_64__)
    {"sum/avx2", Isa::kAvx2, run_sum_avx2},
    {"sum/avx512", Isa::kAvx512, run_sum_avx512},
#endif
};

/// sums[o p i] = sum of x[o n i] over the n of piece p. Each thread sums the rows that it probably wrote.
void sum_pieces(const SumKernel& kernel, const float* x, std::int64_t outer, std::int64_t n,
                std::int64_t inner, std::int64_t pieces, float* sums, ThreadPool& pool) {
    const std::int64_t grain = std::max<std::int64_t>(1, kGrain * pieces / (n * inner));
    pool.parallel_for(outer * pieces, grain, [&](std::int64_t begin, std::int64_t end, int) {
        for (std::int64_t i = begin; i < end; ++i) {
            const std::int64_t o = i / pieces, first = part_begin(n, pieces, i % pieces);
            kernel.function(x + (o * n + first) * inner, part_begin(n, pieces, i % pieces + 1) - first, inner,
                            inner, sums + i * inner);
        }
    });
}

}  // namespace

std::span<const SumKernel> sum_kernels() { return kTable; }

void mean(const float* x, std::int64_t outer, std::int64_t n, std::int64_t inner, float* y, ThreadPool& pool,
          Isa limit) {
    if (outer < 1 || inner < 1) return;
    if (n < 1) fail("the mean of no elements is not defined");
    const auto& kernel = select(sum_kernels(), limit);
    // Pieces depend on the shape alone, so that any number of threads gives the same bits.
    const std::int64_t pieces = std::clamp<std::int64_t>(n * inner / kGrain, 1, n);
    if (pieces == 1) {
        sum_pieces(kernel, x, outer, n, inner, 1, y, pool);
    } else {
        float* sums = scratch_floats(Scratch::kShared, static_cast<std::size_t>(outer * pieces * inner));
        sum_pieces(kernel, x, outer, n, inner, pieces, sums, pool);
        sum_pieces(kernel, sums, outer, pieces, inner, 1, y, pool);
    }
    for (std::int64_t i = 0; i < outer * inner; ++i) y[i] /= static_cast<float>(n);
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
