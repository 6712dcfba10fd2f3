#pragma once

#include "kernels/sparse/spmm_tile.h"
#include "kernels/vector_math.h"

namespace espalier::kernels {

/// SpmmWidth::run with R vectors of pixels.
template <class S, int R>
void run_spmm_tile(const SpmmTile& t) {
    using V = typename S::V;
    constexpr std::int64_t kPixels = R * S::kLanes;
    for (std::int64_t j = 0; j < t.features; ++j) {
        float* sums = t.sums + j * kPixels;
        V acc[R];
#pragma GCC unroll 16
        for (int r = 0; r < R; ++r) acc[r] = t.first ? S::zero() : S::load(sums + r * S::kLanes);
        const SparseEntry* const last = t.entries + t.starts[j + 1];
        for (const SparseEntry* e = t.entries + t.starts[j]; e != last; ++e) {
            const float* x = t.x + static_cast<std::int64_t>(e->row) * kPixels;
            const V w = S::set1(e->weight);
#pragma GCC unroll 16
            for (int r = 0; r < R; ++r) acc[r] = S::fma(w, S::load(x + r * S::kLanes), acc[r]);
        }
#pragma GCC unroll 16
        for (int r = 0; r < R; ++r) S::store(sums + r * S::kLanes, acc[r]);
    }
}

/// SpmmPack: Square::transpose turns kLanes vectors into their transpose.
template <class S, class Square>
void run_spmm_pack(const SpmmRows& shape, const float* a, std::int64_t pixels, float* x) {
    using V = typename S::V;
    constexpr int kLanes = S::kLanes;
    for (std::int64_t p = 0; p < shape.columns; p += kLanes) {
        const auto columns = static_cast<int>(shape.columns - p < kLanes ? shape.columns - p : kLanes);
        for (std::int64_t i = 0; i < pixels; i += kLanes) {
            V v[kLanes];
#pragma GCC unroll 16
            for (int r = 0; r < kLanes; ++r) {
                const float* row = a + (i + r) * shape.stride + p;
                v[r] = i + r >= shape.rows ? S::zero()
                       : columns == kLanes ? S::load(row)
                                           : S::load_first(row, columns);
            }
            Square::transpose(v);
#pragma GCC unroll 16
            for (int r = 0; r < kLanes; ++r) S::store(x + (p + r) * pixels + i, v[r]);
        }
    }
}

/// SpmmFinish.
template <class S, class Square, Activation A>
ESPALIER_INLINE void finish_spmm(const SpmmRows& shape, const float* sums, std::int64_t pixels, float* c,
                                 const Epilogue& e) {
    using V = typename S::V;
    constexpr int kLanes = S::kLanes;
    const V lo = S::set1(e.lo), hi = S::set1(e.hi);
    for (std::int64_t j = 0; j < shape.columns; j += kLanes) {
        const auto columns = static_cast<int>(shape.columns - j < kLanes ? shape.columns - j : kLanes);
        const bool whole = columns == kLanes;
        const auto load = [&](const float* from) {
            return whole ? S::load(from) : S::load_first(from, columns);
        };
        const V bias = e.bias ? load(e.bias + j) : S::zero();
        for (std::int64_t i = 0; i < shape.rows; i += kLanes) {
            V v[kLanes];
#pragma GCC unroll 16
            for (int r = 0; r < kLanes; ++r) v[r] = S::load(sums + (j + r) * pixels + i);
            Square::transpose(v);
            const auto rows = static_cast<int>(shape.rows - i < kLanes ? shape.rows - i : kLanes);
#pragma GCC unroll 16
            for (int r = 0; r < kLanes; ++r) {
                if (r >= rows) break;
                const std::int64_t at = (i + r) * shape.stride + j;
                V value = S::add(v[r], bias);
                if (e.residual) value = S::add(value, load(e.residual + at));
                value = Math<S>::template activate<A>(value, lo, hi);
                if (whole) {
                    S::store(c + at, value);
                } else {
                    S::store_first(c + at, columns, value);
                }
            }
        }
    }
}

template <class S, class Square>
void run_spmm_finish(const SpmmRows& shape, const float* sums, std::int64_t pixels, float* c,
                     const Epilogue& e) {
    with_activation(e.activation,
                    [&]<Activation A>() { finish_spmm<S, Square, A>(shape, sums, pixels, c, e); });
}

}  // namespace espalier::kernels
