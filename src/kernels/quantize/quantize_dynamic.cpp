#include "kernels/quantize/quantize_dynamic.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/dispatch.h"

namespace espalier::kernels {
namespace {

/// Elements per chunk of work.
constexpr std::int64_t kGrain = 16384;

Range range_portable(const float* x, std::int64_t n) {
    Range r{INFINITY, -INFINITY};
    for (std::int64_t i = 0; i < n; ++i) {
        if (x[i] < r.min) r.min = x[i];
        if (x[i] > r.max) r.max = x[i];
    }
    return r;
}

void quantize_portable(const float* x, std::int64_t n, float inverse_scale, std::int32_t zero_point,
                       std::uint8_t* y) {
    const auto low = static_cast<float>(-zero_point), high = static_cast<float>(255 - zero_point);
    for (std::int64_t i = 0; i < n; ++i) {
        const float scaled = x[i] * inverse_scale;
        const float held = std::isnan(scaled) ? 0 : scaled < low ? low : scaled > high ? high : scaled;
        y[i] = static_cast<std::uint8_t>(static_cast<std::int32_t>(std::nearbyint(held)) + zero_point);
    }
}

constexpr QuantizeKernel kTable[] = {
    {"quantize_u8/portable", Isa::kPortable, range_portable, quantize_portable},
};

/// Kernels report an empty or all-NaN range as max < min.
Range settled(Range r) { return r.min > r.max ? Range{} : r; }

}  // namespace

std::span<const QuantizeKernel> quantize_kernels() { return kTable; }

Range find_range(const float* x, std::int64_t n, ThreadPool& pool, Isa limit) {
    const auto& kernel = select(quantize_kernels(), limit);
    std::vector<Range> parts(static_cast<std::size_t>(pool.threads()), Range{INFINITY, -INFINITY});
    pool.parallel_for(n, kGrain, [&](std::int64_t begin, std::int64_t end, int thread) {
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
    pool.parallel_for(n, kGrain, [&](std::int64_t begin, std::int64_t end, int) {
        kernel.quantize(x + begin, end - begin, 1 / affine.scale, affine.zero_point, y + begin);
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
    const auto& kernel = select(quantize_kernels(), limit);
    const std::int64_t grain = std::max<std::int64_t>(1, kGrain / std::max<std::int64_t>(1, group_elements));
    pool.parallel_for(groups, grain, [&](std::int64_t begin, std::int64_t end, int) {
        for (std::int64_t g = begin; g < end; ++g) {
            const float* from = x + g * group_elements;
            affine[g] = choose_affine_u8(settled(kernel.range(from, group_elements)));
            kernel.quantize(from, group_elements, 1 / affine[g].scale, affine[g].zero_point,
                            y + g * group_elements);
        }
    });
}

}  // namespace espalier::kernels
