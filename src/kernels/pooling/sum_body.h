#pragma once

#include "kernels/pooling/reduce_mean.h"
#include "kernels/vector_math.h"

namespace espalier::kernels {

/// Rows added before their partial sum joins the total: bounds the rounding error of long sums.
inline constexpr std::int64_t kSumBlock = 128;

/// Sum of x[0..n).
template <class S>
ESPALIER_INLINE float sum_dense(const float* x, std::int64_t n) {
    auto s0 = S::zero(), s1 = S::zero();
    std::int64_t i = 0;
    for (; i + 2 * S::kLanes <= n; i += 2 * S::kLanes) {
        s0 = S::add(s0, S::load(x + i));
        s1 = S::add(s1, S::load(x + i + S::kLanes));
    }
    for (; i < n; i += S::kLanes) {
        const int left = static_cast<int>(n - i < S::kLanes ? n - i : S::kLanes);
        s0 = S::add(s0, S::load_first(x + i, left));
    }
    return S::sum(S::add(s0, s1));
}

/// Sums N vectors of columns over n rows.
template <class S, int N>
ESPALIER_INLINE void sum_vectors(const float* x, std::int64_t n, std::int64_t stride, float* y) {
    using V = typename S::V;
    V total[N];
#pragma GCC unroll 4
    for (int i = 0; i < N; ++i) total[i] = S::zero();
    for (std::int64_t first = 0; first < n; first += kSumBlock) {
        const std::int64_t last = first + kSumBlock < n ? first + kSumBlock : n;
        V part[N];
#pragma GCC unroll 4
        for (int i = 0; i < N; ++i) part[i] = S::zero();
        for (std::int64_t r = first; r < last; ++r) {
#pragma GCC unroll 4
            for (int i = 0; i < N; ++i) part[i] = S::add(part[i], S::load(x + r * stride + i * S::kLanes));
        }
#pragma GCC unroll 4
        for (int i = 0; i < N; ++i) total[i] = S::add(total[i], part[i]);
    }
#pragma GCC unroll 4
    for (int i = 0; i < N; ++i) S::store(y + i * S::kLanes, total[i]);
}

/// SumKernel::function for the instruction set S.
template <class S>
void run_sum(const float* x, std::int64_t n, std::int64_t stride, std::int64_t columns, float* y) {
    if (stride == 1) {
        *y = sum_dense<S>(x, n);
        return;
    }
    std::int64_t c = 0;
    for (; c + 4 * S::kLanes <= columns; c += 4 * S::kLanes) sum_vectors<S, 4>(x + c, n, stride, y + c);
    for (; c + S::kLanes <= columns; c += S::kLanes) sum_vectors<S, 1>(x + c, n, stride, y + c);
    const int left = static_cast<int>(columns - c);
    if (left == 0) return;
    auto total = S::zero();
    for (std::int64_t r = 0; r < n; ++r) total = S::add(total, S::load_first(x + r * stride + c, left));
    S::store_first(y + c, left, total);
}

}  // namespace espalier::kernels
