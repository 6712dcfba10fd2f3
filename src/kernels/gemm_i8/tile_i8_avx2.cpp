#include <immintrin.h>

#include "kernels/gemm_i8/coded_ends_avx2.h"
#include "kernels/gemm_i8/tile_activation.h"
#include "kernels/gemm_i8/tile_i8.h"
#include "kernels/math_avx2.h"

namespace espalier::kernels {
namespace {

/// Columns that are summed up at once.
constexpr int kColumns = 8;

/// Steps after which a part of a panel is asked for before it is read: only half of each cache line is, which
/// hardware foresees late.
constexpr std::int64_t kAhead = 12;

/// The rows of a tile as 16-bit numbers: vpmaddwd on them is exact where vpmaddubsw on bytes saturates.
struct WideRows {
    const std::int16_t* data;
    std::int64_t stride;
    std::int64_t depth;  ///< of all taps, each padded with zeros to a multiple of 4

    WideRows(const void* prepared, std::int64_t taps, std::int64_t k)
        : data(static_cast<const std::int16_t*>(prepared)),
          // An odd number of cache lines: rows a multiple of 4 KiB apart would share one set of the cache.
          stride(((taps * padded(k) + 31) / 32 | 1) * 32),
          depth(taps * padded(k)) {}

    static std::int64_t padded(std::int64_t k) { return (k + 3) / 4 * 4; }
};

ESPALIER_INLINE void widen_row(const std::uint8_t* from, std::int64_t k, std::int16_t* to) {
    std::int64_t p = 0;
    for (; p + 16 <= k; p += 16) {
        const __m128i codes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + p));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + p), _mm256_cvtepu8_epi16(codes));
    }
    if (p + 8 <= k) {
        const __m128i codes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from + p));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to + p), _mm_cvtepu8_epi16(codes));
        p += 8;
    }
    if (p + 4 <= k) {
        std::int32_t codes;
        __builtin_memcpy(&codes, from + p, 4);
        _mm_storel_epi64(reinterpret_cast<__m128i*>(to + p), _mm_cvtepu8_epi16(_mm_cvtsi32_si128(codes)));
        p += 4;
    }
    for (; p < k; ++p) to[p] = from[p];
    for (; p % 4 != 0; ++p) to[p] = 0;
}

std::size_t wide_bytes(std::int64_t taps, std::int64_t k, int rows) {
    return static_cast<std::size_t>(rows * WideRows(nullptr, taps, k).stride) * sizeof(std::int16_t);
}

void widen_rows(const TileI8& t, int rows, void* to) {
    const WideRows wide(to, t.taps, t.k);
    for (std::int64_t tap = 0; tap < t.taps; ++tap) {
        for (int i = 0; i < rows; ++i) {
            widen_row(t.rows[tap * rows + i], t.k,
                      static_cast<std::int16_t*>(to) + i * wide.stride + tap * WideRows::padded(t.k));
        }
    }
}

/// Four columns by four depths of a panel as 16-bit numbers.
ESPALIER_INLINE __m256i weights4(const std::int8_t* p) {
    return _mm256_cvtepi8_epi16(_mm_load_si128(reinterpret_cast<const __m128i*>(p)));
}

/// Four depths of a row, four times.
ESPALIER_INLINE __m256i broadcast4(const std::int16_t* p) {
    std::int64_t depths;
    __builtin_memcpy(&depths, p, sizeof(depths));
    return _mm256_set1_epi64x(depths);
}

/// sums[i][j] of R rows and kColumns columns of a panel, whose depths are `step` bytes apart by fours. Not
/// inlined: among other code GCC 12 spills the accumulators.
template <int R>
__attribute__((noinline)) void accumulate(WideRows rows, const std::int8_t* panel, std::int64_t step,
                                          std::int32_t* sums) {
    // Of four columns each, with two partial sums.
    __m256i low[R], high[R];
#pragma GCC unroll 6
    for (int i = 0; i < R; ++i) low[i] = high[i] = _mm256_setzero_si256();
    for (std::int64_t p = 0; p < rows.depth; p += 4, panel += step) {
        _mm_prefetch(panel + kAhead * step, _MM_HINT_T0);
        const __m256i left = weights4(panel), right = weights4(panel + 16);
#pragma GCC unroll 6
        for (int i = 0; i < R; ++i) {
            const __m256i a = broadcast4(rows.data + i * rows.stride + p);
            low[i] = _mm256_add_epi32(low[i], _mm256_madd_epi16(a, left));
            high[i] = _mm256_add_epi32(high[i], _mm256_madd_epi16(a, right));
            // Loads of later rows must not move up: they would cost accumulators their registers.
            asm volatile("" : "+x"(low[i]), "+x"(high[i]) : : "memory");
        }
    }
#pragma GCC unroll 6
    for (int i = 0; i < R; ++i) {
        const __m256i joined = _mm256_permute4x64_epi64(_mm256_hadd_epi32(low[i], high[i]), 0xd8);
        _mm256_store_si256(reinterpret_cast<__m256i*>(sums + i * kColumns), joined);
    }
}

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

template <int R>
void run_tile(const TileI8& t, int vectors) {
    const WideRows rows(t.prepared, t.taps, t.k);
    alignas(64) float buffer[R * 2 * kI8Lanes];
    const bool buffered = needs_activation_pass(t.activation);
    const TileTarget target{buffer, 2 * kI8Lanes, buffered};
    const bool coded = t.ends.result && !buffered;
    const CodeUnits units(t.ends, clip_bounds(t.activation, t.lo, t.hi));
    for (int column = 0; column < t.columns; column += kColumns) {
        alignas(32) std::int32_t sums[R * kColumns];
        accumulate<R>(rows, t.panel + 4 * column, 4 * kI8Lanes * vectors, sums);
        with_form(t, column, [&]<Form F>() {
            if (coded) {
                store_as_codes<R, F>(t, units, column, sums);
            } else {
                store_as_floats<R, F>(t, target, column, sums);
            }
        });
    }
    if (buffered) {
        activate_rows<Avx2>(t, target, R, [&](std::uint8_t* to, __m256 value, int count) {
            quantize_codes(to, value, count, t.ends.result_map);
        });
    }
}

}  // namespace

const TileI8Rows kTileI8RowsAvx2{wide_bytes, widen_rows};

void run_tile_i8_avx2(const TileI8& tile, int rows, int vectors) {
    switch (rows) {
        case 1:
            return run_tile<1>(tile, vectors);
        case 2:
            return run_tile<2>(tile, vectors);
        case 3:
            return run_tile<3>(tile, vectors);
        case 4:
            return run_tile<4>(tile, vectors);
        case 5:
            return run_tile<5>(tile, vectors);
        default:
            return run_tile<6>(tile, vectors);
    }
}

}  // namespace espalier::kernels
