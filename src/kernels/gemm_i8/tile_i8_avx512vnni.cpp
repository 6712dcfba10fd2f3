#include <immintrin.h>

#include "kernels/gemm_i8/coded_ends_avx512.h"
#include "kernels/gemm_i8/tile_activation.h"
#include "kernels/gemm_i8/tile_i8.h"
#include "kernels/math_avx512.h"

namespace espalier::kernels {
namespace {

/// Four bytes of a row as the lanes of a vector.
ESPALIER_INLINE __m512i broadcast4(const std::uint8_t* p) {
    std::int32_t word;
    __builtin_memcpy(&word, p, 4);
    return _mm512_set1_epi32(word);
}

/// The last `n` < 4 bytes of a row, the others 0.
ESPALIER_INLINE __m512i broadcast_rest(const std::uint8_t* p, std::int64_t n) {
    std::uint32_t word = 0;
    for (std::int64_t i = 0; i < n; ++i) word |= std::uint32_t{p[i]} << (8 * i);
    return _mm512_set1_epi32(static_cast<std::int32_t>(word));
}

/// What the zero point of row i adds to the sums.
ESPALIER_INLINE __m512i correction_of(const TileI8& t, int i, int vector) {
    const __m512i sums = _mm512_loadu_si512(t.sums + vector * kI8Lanes);
    return _mm512_mullo_epi32(_mm512_set1_epi32(-t.affine[i].zero_point), sums);
}

/// What one vector of columns needs to turn its accumulators into output.
struct Columns {
    __mmask16 mask;
    __m512i correction;  ///< of all rows where they share one affine map
    __m512 scales;       ///< times that of the rows where they share one
    __m512 bias;

    ESPALIER_INLINE Columns(const TileI8& t, int vector) {
        const int left = t.columns - vector * kI8Lanes;
        mask = left >= kI8Lanes ? kAllLanes : Avx512::first(left);
        correction = correction_of(t, 0, vector);
        scales = _mm512_loadu_ps(t.scales + vector * kI8Lanes);
        if (t.one_affine) scales = _mm512_mul_ps(_mm512_set1_ps(t.affine[0].scale), scales);
        bias = t.bias ? _mm512_maskz_loadu_ps(mask, t.bias + vector * kI8Lanes) : _mm512_setzero_ps();
    }

    /// The sums of row i, less what its zero point adds, as f32.
    ESPALIER_INLINE __m512 centred(const TileI8& t, bool corrected, int i, int vector, __m512i acc) const {
        if (!t.one_affine) {
            // Behind a ReLU no row has one.
            if (t.affine[i].zero_point != 0) acc = _mm512_add_epi32(acc, correction_of(t, i, vector));
        } else if (corrected) {
            acc = _mm512_add_epi32(acc, correction);
        }
        return _mm512_cvtepi32_ps(acc);
    }
    ESPALIER_INLINE __m512 scale(const TileI8& t, int i) const {
        return t.one_affine ? scales : _mm512_mul_ps(_mm512_set1_ps(t.affine[i].scale), scales);
    }
};

/// Stores vectors of values, in c or in the buffer of an activation that follows.
class FloatEnd {
  public:
    ESPALIER_INLINE FloatEnd(const TileI8& t, const TileTarget& target) : t_(t), target_(target) {
        const ClipBounds clip = clip_bounds(t.activation, t.lo, t.hi);
        lo_ = _mm512_set1_ps(clip.lo);
        hi_ = _mm512_set1_ps(clip.hi);
        corrected_ = t.affine[0].zero_point != 0;
    }
    ESPALIER_INLINE Columns columns(int vector) const { return {t_, vector}; }
    ESPALIER_INLINE void store(const Columns& columns, int i, int vector, __m512i acc) const {
        const std::int64_t at = i * t_.ldc + vector * kI8Lanes;
        __m512 value = _mm512_fmadd_ps(columns.centred(t_, corrected_, i, vector, acc), columns.scale(t_, i),
                                       columns.bias);
        if (t_.residual) {
            value = _mm512_add_ps(value, _mm512_maskz_loadu_ps(columns.mask, t_.residual + at));
        } else if (t_.ends.residual) {
            value = add_codes(t_.ends.residual + at, columns.mask, t_.ends.residual_map, value);
        }
        // Without an activation the bounds are infinite.
        value = _mm512_min_ps(hi_, _mm512_max_ps(lo_, value));
        if (target_.buffered) {
            _mm512_store_ps(target_.data + i * target_.stride + vector * kI8Lanes, value);
        } else if (columns.mask == kAllLanes) {
            _mm512_storeu_ps(t_.c + at, value);
        } else {
            _mm512_mask_storeu_ps(t_.c + at, columns.mask, value);
        }
    }

  private:
    const TileI8& t_;
    const TileTarget& target_;
    __m512 lo_, hi_;
    bool corrected_;
};

/// Stores vectors of codes where the activation is none or a bound.
class CodeEnd {
  public:
    ESPALIER_INLINE explicit CodeEnd(const TileI8& t)
        : CodeEnd(t, CodeUnits(t.ends, clip_bounds(t.activation, t.lo, t.hi))) {}
    ESPALIER_INLINE Columns columns(int vector) const {
        Columns columns(t_, vector);
        if (t_.one_affine) columns.scales = units_.scale(columns.scales);
        columns.bias = units_.bias(columns.bias);
        return columns;
    }
    ESPALIER_INLINE void store(const Columns& columns, int i, int vector, __m512i acc) const {
        store_codes(t_.ends.result + i * t_.ldc + vector * kI8Lanes, columns.mask,
                    units_.bounded(value(columns, i, vector, acc)));
    }
    /// Whether store_pair() may be used.
    ESPALIER_INLINE bool stores_pairs() const { return from_zero_ && t_.columns == 2 * kI8Lanes; }
    /// Rows i and i + 1 of both vectors.
    ESPALIER_INLINE void store_pair(const Columns& left, const Columns& right, int i, __m512i upper_left,
                                    __m512i upper_right, __m512i lower_left, __m512i lower_right) const {
        std::uint8_t* const to = t_.ends.result + i * t_.ldc;
        store_code_rows(to, to + t_.ldc, units_.bounded_above(value(left, i, 0, upper_left)),
                        units_.bounded_above(value(right, i, 1, upper_right)),
                        units_.bounded_above(value(left, i + 1, 0, lower_left)),
                        units_.bounded_above(value(right, i + 1, 1, lower_right)));
    }

  private:
    ESPALIER_INLINE CodeEnd(const TileI8& t, const CodeUnits& units)
        : t_(t),
          units_(units),
          from_zero_(units.lo == 0.0f),
          corrected_(t.affine[0].zero_point != 0),
          has_residual_(t.residual || t.ends.residual) {}

    /// In units of codes, without bounds.
    ESPALIER_INLINE __m512 value(const Columns& columns, int i, int vector, __m512i acc) const {
        const std::int64_t at = i * t_.ldc + vector * kI8Lanes;
        const __m512 scale = t_.one_affine ? columns.scales : units_.scale(columns.scale(t_, i));
        const __m512 product =
            _mm512_fmadd_ps(columns.centred(t_, corrected_, i, vector, acc), scale, columns.bias);
        if (!has_residual_) return product;
        return units_.add(t_.residual ? t_.residual + at : nullptr, t_.ends.residual + at, columns.mask,
                          product);
    }

    const TileI8& t_;
    CodeUnitsAvx512 units_;
    bool from_zero_;  ///< the lowest code is 0
    bool corrected_;
    bool has_residual_;
};

template <int R>
ESPALIER_INLINE void finish_pairs(const CodeEnd& end, const __m512i (&first)[R], const __m512i (&second)[R]) {
    const Columns left = end.columns(0), right = end.columns(1);
#pragma GCC unroll 14
    for (int i = 0; i + 1 < R; i += 2) {
        end.store_pair(left, right, i, first[i], second[i], first[i + 1], second[i + 1]);
    }
    if (R % 2 == 1) {
        end.store(left, R - 1, 0, first[R - 1]);
        end.store(right, R - 1, 1, second[R - 1]);
    }
}

template <int R, int V, typename End>
ESPALIER_INLINE void finish(const End& end, const __m512i (&first)[R], const __m512i (&second)[R]) {
    const Columns left = end.columns(0);
#pragma GCC unroll 14
    for (int i = 0; i < R; ++i) end.store(left, i, 0, first[i]);
    if (V > 1) {
        const Columns right = end.columns(1);
#pragma GCC unroll 14
        for (int i = 0; i < R; ++i) end.store(right, i, 1, second[i]);
    }
}

// The accumulators are two plain arrays: GCC 12 spills a two-dimensional one to the stack.
template <int R, int V>
void run_tile(const TileI8& t) {
    __m512i first[R], second[R];
#pragma GCC unroll 14
    for (int i = 0; i < R; ++i) first[i] = second[i] = _mm512_setzero_si512();
    const std::int8_t* panel = t.panel;
    const std::int64_t whole = t.k / 4 * 4, rest = t.k - whole;
    for (std::int64_t tap = 0; tap < t.taps; ++tap) {
        const std::uint8_t* rows[R];
#pragma GCC unroll 14
        for (int i = 0; i < R; ++i) rows[i] = t.rows[tap * R + i];
        for (std::int64_t p = 0; p < whole; p += 4, panel += 64 * V) {
            const __m512i b0 = _mm512_load_si512(panel);
            const __m512i b1 = V > 1 ? _mm512_load_si512(panel + 64) : b0;
#pragma GCC unroll 14
            for (int i = 0; i < R; ++i) {
                const __m512i a = broadcast4(rows[i] + p);
                first[i] = _mm512_dpbusd_epi32(first[i], a, b0);
                if (V > 1) second[i] = _mm512_dpbusd_epi32(second[i], a, b1);
            }
        }
        if (rest != 0) {
            const __m512i b0 = _mm512_load_si512(panel);
            const __m512i b1 = V > 1 ? _mm512_load_si512(panel + 64) : b0;
            panel += 64 * V;
#pragma GCC unroll 14
            for (int i = 0; i < R; ++i) {
                const __m512i a = broadcast_rest(rows[i] + whole, rest);
                first[i] = _mm512_dpbusd_epi32(first[i], a, b0);
                if (V > 1) second[i] = _mm512_dpbusd_epi32(second[i], a, b1);
            }
        }
    }
    if (t.ends.result && !needs_activation_pass(t.activation)) {
        const CodeEnd end(t);
        if (V == 2 && end.stores_pairs()) return finish_pairs<R>(end, first, second);
        return finish<R, V>(end, first, second);
    }
    alignas(64) float buffer[R * V * kI8Lanes];
    const TileTarget target = needs_activation_pass(t.activation) ? TileTarget{buffer, V * kI8Lanes, true}
                                                                  : TileTarget{nullptr, 0, false};
    finish<R, V>(FloatEnd(t, target), first, second);
    if (target.buffered) {
        activate_rows<Avx512>(t, target, R, [&](std::uint8_t* to, __m512 value, int count) {
            quantize_codes(to, count < kI8Lanes ? Avx512::first(count) : kAllLanes, value, t.ends.result_map);
        });
    }
}

template <int V>
void run_rows(const TileI8& t, int rows) {
    switch (rows) {
        case 1:
            return run_tile<1, V>(t);
        case 2:
            return run_tile<2, V>(t);
        case 3:
            return run_tile<3, V>(t);
        case 4:
            return run_tile<4, V>(t);
        case 5:
            return run_tile<5, V>(t);
        case 6:
            return run_tile<6, V>(t);
        case 7:
            return run_tile<7, V>(t);
        case 8:
            return run_tile<8, V>(t);
        case 9:
            return run_tile<9, V>(t);
        case 10:
            return run_tile<10, V>(t);
        case 11:
            return run_tile<11, V>(t);
        case 12:
            return run_tile<12, V>(t);
        case 13:
            return run_tile<13, V>(t);
        default:
            return run_tile<14, V>(t);
    }
}

}  // namespace

void run_tile_i8_avx512vnni(const TileI8& tile, int rows, int vectors) {
    if (vectors == 1) {
        run_rows<1>(tile, rows);
    } else {
        run_rows<2>(tile, rows);
    }
}

}  // namespace espalier::kernels
