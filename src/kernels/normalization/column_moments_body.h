#pragma once

#include "kernels/normalization/group_norm.h"
#include "kernels/vector_math.h"

namespace espalier::kernels {

/// Moments of kVectors * kLanes neighbouring columns, whose rows are `stride` apart.
template <class S, int kVectors>
ESPALIER_INLINE void moments_of(const float* x, std::int64_t rows, std::int64_t stride, float* mean,
                                float* squares) {
    using V = typename S::V;
    V sum[kVectors], square[kVectors], m[kVectors];
    for (int v = 0; v < kVectors; ++v) sum[v] = square[v] = S::zero();
    for (std::int64_t r = 0; r < rows; ++r) {
        for (int v = 0; v < kVectors; ++v) sum[v] = S::add(sum[v], S::load(x + r * stride + v * S::kLanes));
    }
    const V inverse_rows = S::set1(1.0f / static_cast<float>(rows));
    for (int v = 0; v < kVectors; ++v) m[v] = S::mul(sum[v], inverse_rows);
    for (std::int64_t r = 0; r < rows; ++r) {
        for (int v = 0; v < kVectors; ++v) {
            const V d = S::sub(S::load(x + r * stride + v * S::kLanes), m[v]);
            square[v] = S::fma(d, d, square[v]);
        }
    }
    for (int v = 0; v < kVectors; ++v) {
        S::store(mean + v * S::kLanes, m[v]);
        S::store(squares + v * S::kLanes, square[v]);
    }
}

/// The column moments of group_norm.h for the instruction set S.
template <class S>
void run_column_moments(const float* x, std::int64_t rows, std::int64_t channels, float* mean,
                        float* squares) {
    using V = typename S::V;
    std::int64_t c = 0;
    for (; c + 4 * S::kLanes <= channels; c += 4 * S::kLanes)
        moments_of<S, 4>(x + c, rows, channels, mean + c, squares + c);
    for (; c + S::kLanes <= channels; c += S::kLanes)
        moments_of<S, 1>(x + c, rows, channels, mean + c, squares + c);
    const int left = static_cast<int>(channels - c);
    if (left == 0) return;
    V sum = S::zero(), square = S::zero();
    for (std::int64_t r = 0; r < rows; ++r) sum = S::add(sum, S::load_first(x + r * channels + c, left));
    const V m = S::mul(sum, S::set1(1.0f / static_cast<float>(rows)));
    for (std::int64_t r = 0; r < rows; ++r) {
        const V d = S::sub(S::load_first(x + r * channels + c, left), m);
        square = S::fma(d, d, square);
    }
    S::store_first(mean + c, left, m);
    S::store_first(squares + c, left, square);
}

}  // namespace espalier::kernels
