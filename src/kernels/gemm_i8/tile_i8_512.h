#pragma once

#include <immintrin.h>

#include "kernels/gemm_i8/coded_ends_avx512.h"
#include "kernels/gemm_i8/tile_activation.h"
#include "kernels/gemm_i8/tile_i8.h"
#include "kernels/math_avx512.h"

/// What the tiles of 512-bit vectors have in common: how sums become output. Each file that includes it has
/// its own copy, since each is compiled for another instruction set.
namespace espalier::kernels {
namespace {

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

}  // namespace
}  // namespace espalier::kernels
