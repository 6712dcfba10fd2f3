#include "kernels/quantize/quantize_dynamic.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/dispatch.h"
#include "kernels/quantize/quantize_kernel.h"

namespace espalier::kernels {
namespace {

/// Elements per chunk of work, at most and at least.
constexpr std::int64_t kGrain = 16384, kLeastGrain = 4096;

/// Small enough that the threads have done at the same time.
std::int64_t fair_grain(std::int64_t elements, const ThreadPool& pool) {
    return std::clamp(elements / (4 * pool.threads()), kLeastGrain, kGrain);
}

/// Kernels report an empty or all-NaN range as max < min.
Range settled(Range r) { return r.min > r.max ? Range{} : r; }

Quantization to_u8(Affine affine) { return {1 / affine.scale, false, affine.zero_point, 0, 255}; }

}  // namespace

Range find_range(const float* x, std::int64_t n, ThreadPool& pool, Isa limit) {
    const auto& kernel = select(quantize_kernels(), limit);
    std::vector<Range> parts(static_cast<std::size_t>(pool.threads()), Range{INFINITY, -INFINITY});
    pool.parallel_for(n, fair_grain(n, pool), [&](std::int64_t begin, std::int64_t end, int thread) {
        const Range r = kernel.range(x + begin, end - begin);
        Range& part = parts[static_cast<std::size_t>(thread)];
        part = {std::min(part.min, r.min), std::max(part.max, r.max)};
    });
    Range all{INFINITY, -INFINITY};
    for (const Range& part : parts) all = {std::min(all.min, part.min), std::max(all.max, part.max)};
    return settled(all);
}

void quantize_u8(const float* x, std::int64_t n, Affine affine, std::uint8_t* y, ThreadPool& pool,
                 Isa limit) {
    const auto& kernel = select(quantize_kernels(), limit);
    pool.parallel_for(n, fair_grain(n, pool), [&](std::int64_t begin, std::int64_t end, int) {
        kernel.quantize(to_u8(affine), x + begin, end - begin, y + begin);
    });
}

void quantize_groups_u8(const float* x, std::int64_t groups, std::int64_t group_elements, std::uint8_t* y,
                        Affine* affine, ThreadPool& pool, Isa limit) {
    if (groups < 2 * pool.threads() && group_elements > kGrain) {
        for (std::int64_t g = 0; g < groups; ++g) {
            const float* from = x + g * group_elements;
            affine[g] = choose_affine_u8(find_range(from, group_elements, pool, limit));
            quantize_u8(from, group_elements, affine[g], y + g * group_elements, pool, limit);
        }
        return;
    }
    const RowCodes to{y, affine};
    const std::int64_t grain = std::max<std::int64_t>(1, kGrain / std::max<std::int64_t>(1, group_elements));
    pool.parallel_for(groups, grain, [&](std::int64_t begin, std::int64_t end, int) {
        quantize_rows_u8(x + begin * group_elements, end - begin, group_elements,
                         to.at(begin, group_elements), limit);
    });
}

void quantize_rows_u8(const float* x, std::int64_t rows, std::int64_t columns, RowCodes y, Isa limit) {
    select(quantize_kernels(), limit).rows(x, rows, columns, y);
}

}  // namespace espalier::kernels
