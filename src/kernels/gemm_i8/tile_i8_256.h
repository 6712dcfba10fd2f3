#pragma once

#include <immintrin.h>

#include "kernels/gemm_i8/coded_ends_avx2.h"
#include "kernels/gemm_i8/tile_activation.h"
#include "kernels/gemm_i8/tile_i8.h"
#include "kernels/math_avx2.h"

/// What the tiles of 256-bit vectors have in common: how sums become output. Each file that includes it has
/// its own copy, since each is compiled for another instruction set.
namespace espalier::kernels {
namespace {

/// Columns that the sums of a row come in.
constexpr int kColumns = 8;

/// How the epilogue goes over a tile, each a function of its own.
struct Form {
    bool whole;       ///< kColumns columns exist
    bool one_affine;  ///< all rows have that of the first
};

/// What kColumns columns from `column` of the tile on need to turn their sums into output; the first `count`
/// of them exist. Held apart from the tile: the compiler must take it that a store of a vector changes
/// everything that is reached through a pointer.
template <Form F>
struct Columns {
    std::int64_t column;
    std::int64_t ldc;
    const Affine* affines;
    __m256i weight_sums;  ///< times the zero point of all rows where they share one
    __m256 scales;        ///< times that of all rows where they share one
    __m256 bias;
    int count;

    ESPALIER_INLINE Columns(const TileI8& t, int first)
        : column(first),
          ldc(t.ldc),
          affines(t.affine),
          weight_sums(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(t.sums + first))),
          scales(_mm256_loadu_ps(t.scales + first)),
          count(F.whole ? kColumns : t.columns - first) {
        bias = t.bias ? load(t.bias + first) : _mm256_setzero_ps();
        if (F.one_affine) {
            weight_sums = _mm256_mullo_epi32(_mm256_set1_epi32(affines[0].zero_point), weight_sums);
            scales = _mm256_mul_ps(_mm256_set1_ps(affines[0].scale), scales);
        }
    }

    ESPALIER_INLINE __m256 load(const float* from) const {
        return F.whole ? Avx2::load(from) : Avx2::load_first(from, count);
    }
    ESPALIER_INLINE int lanes() const { return F.whole ? kColumns : count; }
    ESPALIER_INLINE std::int64_t at(int i) const { return i * ldc + column; }

    /// The sums of row i, less what its zero point adds, as f32.
    ESPALIER_INLINE __m256 centred(int i, const std::int32_t* sums) const {
        __m256i row = _mm256_load_si256(reinterpret_cast<const __m256i*>(sums + i * kColumns));
        if (F.one_affine) return _mm256_cvtepi32_ps(_mm256_sub_epi32(row, weight_sums));
        // Behind a ReLU no row has one.
        if (const std::int32_t zero_point = affines[i].zero_point; zero_point != 0) {
            row = _mm256_sub_epi32(row, _mm256_mullo_epi32(_mm256_set1_epi32(zero_point), weight_sums));
        }
        return _mm256_cvtepi32_ps(row);
    }
    ESPALIER_INLINE __m256 scale(int i) const {
        return F.one_affine ? scales : _mm256_mul_ps(_mm256_set1_ps(affines[i].scale), scales);
    }
};

/// Stores `sums`, [R][kColumns], from `column` of the tile on.
template <int R, Form F>
void store_as_codes(const TileI8& t, const CodeUnits& units, int column, const std::int32_t* sums) {
    const Columns<F> columns(t, column);
    const CodeUnitsAvx2 ends{units, t.residual, t.ends.residual};
    std::uint8_t* const result = t.ends.result;
#pragma GCC unroll 6
    for (int i = 0; i < R; ++i) {
        const std::int64_t at = columns.at(i);
        const __m256 value =
            ends.value(columns.centred(i, sums), columns.scale(i), columns.bias, at, columns.lanes());
        store_codes(result + at, value, columns.lanes());
    }
}

template <int R, Form F>
void store_as_floats(const TileI8& t, const TileTarget& target, int column, const std::int32_t* sums) {
    const Columns<F> columns(t, column);
    const ClipBounds clip = clip_bounds(t.activation, t.lo, t.hi);
    const __m256 lo = _mm256_set1_ps(clip.lo), hi = _mm256_set1_ps(clip.hi);
    const float* const residual = t.residual;
    const std::uint8_t* const codes = t.ends.residual;
    const Affine map = t.ends.residual_map;
    float* const to = (target.buffered ? target.data : t.c) + column;
    const std::int64_t stride = target.buffered ? target.stride : t.ldc;
    const bool whole_vectors = F.whole || target.buffered;
#pragma GCC unroll 6
    for (int i = 0; i < R; ++i) {
        const std::int64_t at = columns.at(i);
        __m256 value = _mm256_fmadd_ps(columns.centred(i, sums), columns.scale(i), columns.bias);
        if (residual) {
            value = _mm256_add_ps(value, columns.load(residual + at));
        } else if (codes) {
            value = add_codes(codes + at, columns.lanes(), map, value);
        }
        // Without an activation the bounds are infinite.
        value = _mm256_min_ps(hi, _mm256_max_ps(lo, value));
        if (whole_vectors) {
            Avx2::store(to + i * stride, value);
        } else {
            Avx2::store_first(to + i * stride, columns.count, value);
        }
    }
}

/// Calls store.template operator()<F>() with the form of the tile's columns from `column` on.
template <typename Store>
ESPALIER_INLINE void with_form(const TileI8& t, int column, Store&& store) {
    if (t.columns - column < kColumns) {
        store.template operator()<Form{false, false}>();
    } else if (t.one_affine) {
        store.template operator()<Form{true, true}>();
    } else {
        store.template operator()<Form{true, false}>();
    }
}

/// Runs a tile of R rows. add(column, sums) gives the sums of Step columns from `column` on, as [Step /
/// kColumns][R][kColumns]; columns that do not exist are padding.
template <int R, int Step, typename Add>
ESPALIER_INLINE void run_columns(const TileI8& t, Add&& add) {
    alignas(64) float buffer[R * 2 * kI8Lanes];
    const bool buffered = needs_activation_pass(t.activation);
    const TileTarget target{buffer, 2 * kI8Lanes, buffered};
    const bool coded = t.ends.result && !buffered;
    const CodeUnits units(t.ends, clip_bounds(t.activation, t.lo, t.hi));
    for (int first = 0; first < t.columns; first += Step) {
        alignas(32) std::int32_t sums[R * Step];
        add(first, sums);
        for (int column = first; column < first + Step && column < t.columns; column += kColumns) {
            const std::int32_t* const own = sums + (column - first) * R;
            with_form(t, column, [&]<Form F>() {
                if (coded) {
                    store_as_codes<R, F>(t, units, column, own);
                } else {
                    store_as_floats<R, F>(t, target, column, own);
                }
            });
        }
    }
    if (buffered) {
        activate_rows<Avx2>(t, target, R, [&](std::uint8_t* to, __m256 value, int count) {
            quantize_codes(to, value, count, t.ends.result_map);
        });
    }
}

/// Calls run.template operator()<R>() for R = rows, 1 to 6.
template <typename Run>
ESPALIER_INLINE void with_rows(int rows, Run&& run) {
    switch (rows) {
        case 1:
            return run.template operator()<1>();
        case 2:
            return run.template operator()<2>();
        case 3:
            return run.template operator()<3>();
        case 4:
            return run.template operator()<4>();
        case 5:
            return run.template operator()<5>();
        default:
            return run.template operator()<6>();
    }
}

}  // namespace
}  // namespace espalier::kernels
