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

/// What is added to a product.
enum class Added { kNothing, kFloats, kCodes };

/// How the epilogue goes over a tile, each a function of its own: what does not change from row to row is
/// held in registers, since the compiler must take it that a store of a vector changes everything that is
/// reached through a pointer.
struct Form {
    bool one_affine;  ///< all rows have that of the first
    Added added;
};

/// The sums of kI8Lanes columns, `stride` apart from row to row.
struct Sums {
    const std::int32_t* data;
    std::int64_t stride;
    ESPALIER_INLINE __m512i row(int i) const { return _mm512_load_si512(data + i * stride); }
};

/// The units of what is added to a product: codes of the result, or where they are infinitely fine, the
/// result itself.
struct Units {
    float step;              ///< per unit of value
    float offset;            ///< of a value of 0
    float of_code;           ///< what a code of the residual is worth
    std::int32_t zero_code;  ///< the code of the residual that is worth nothing

    explicit Units(const CodeUnits& codes)
        : step(codes.step), offset(codes.offset), of_code(codes.residual), zero_code(0) {}
    explicit Units(const Affine& residual_map)
        : step(1), offset(0), of_code(residual_map.scale), zero_code(residual_map.zero_point) {}
};

/// What kI8Lanes columns need to turn their sums into values.
template <Form F>
class Columns {
  public:
    ESPALIER_INLINE Columns(const TileI8& t, int vector, const Sums& sums, const Units& units)
        : sums_{sums.data + vector * kI8Lanes, sums.stride},
          affines_(t.affine),
          ldc_(t.ldc),
          left_(t.columns - vector * kI8Lanes),
          mask_(left_ >= kI8Lanes ? kAllLanes : Avx512::first(left_ < 0 ? 0 : left_)),
          weight_sums_(_mm512_loadu_si512(t.sums + vector * kI8Lanes)),
          scales_(_mm512_loadu_ps(t.scales + vector * kI8Lanes)),
          step_(_mm512_set1_ps(units.step)),
          of_code_(_mm512_set1_ps(units.of_code)),
          zero_code_(_mm512_set1_epi32(units.zero_code)) {
        const __m512 bias =
            t.bias ? _mm512_maskz_loadu_ps(mask_, t.bias + vector * kI8Lanes) : _mm512_setzero_ps();
        bias_ = _mm512_fmadd_ps(bias, step_, _mm512_set1_ps(units.offset));
        if (F.one_affine) {
            weight_sums_ = _mm512_mullo_epi32(_mm512_set1_epi32(affines_[0].zero_point), weight_sums_);
            scales_ = scaled(affines_[0]);
        }
        if (F.added == Added::kFloats) floats_ = t.residual + vector * kI8Lanes;
        if (F.added == Added::kCodes) codes_ = t.ends.residual + vector * kI8Lanes;
    }

    __mmask16 mask() const { return mask_; }

    /// Of row i, before the bounds.
    ESPALIER_INLINE __m512 value(int i) const {
        __m512i sums = sums_.row(i);
        __m512 scale = scales_;
        if (F.one_affine) {
            sums = _mm512_sub_epi32(sums, weight_sums_);
        } else {
            const Affine affine = affines_[i];
            // Behind a ReLU no row has a zero point.
            if (affine.zero_point != 0) {
                const __m512i zero_point = _mm512_set1_epi32(affine.zero_point);
                sums = _mm512_sub_epi32(sums, _mm512_mullo_epi32(zero_point, weight_sums_));
            }
            scale = scaled(affine);
        }
        const __m512 product = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sums), scale, bias_);
        if (F.added == Added::kFloats) {
            return _mm512_fmadd_ps(_mm512_maskz_loadu_ps(mask_, floats_ + i * ldc_), step_, product);
        }
        if (F.added == Added::kCodes) {
            const __m512i centred = _mm512_sub_epi32(load_codes(codes_ + i * ldc_, mask_), zero_code_);
            return _mm512_fmadd_ps(_mm512_cvtepi32_ps(centred), of_code_, product);
        }
        return product;
    }

  private:
    /// scales_, of the columns alone, for rows of this map.
    ESPALIER_INLINE __m512 scaled(const Affine& rows) const {
        return _mm512_mul_ps(_mm512_mul_ps(_mm512_set1_ps(rows.scale), scales_), step_);
    }

    Sums sums_;
    const Affine* affines_;
    std::int64_t ldc_;
    int left_;
    __mmask16 mask_;
    __m512i weight_sums_;  ///< times the zero point of all rows where they share one
    __m512 scales_;        ///< as weight_sums_
    __m512 step_, of_code_, bias_;
    __m512i zero_code_;
    const float* floats_ = nullptr;
    const std::uint8_t* codes_ = nullptr;
};

template <Form F>
void store_as_codes(const TileI8& t, int rows, int vectors, const Sums& sums) {
    const CodeUnits units(t.ends, clip_bounds(t.activation, t.lo, t.hi));
    const __m512 lo = _mm512_set1_ps(units.lo), hi = _mm512_set1_ps(units.hi);
    const std::int64_t ldc = t.ldc;
    std::uint8_t* to = t.ends.result;
    int i = 0;
    if (t.columns == 2 * kI8Lanes && units.lo == 0) {
        // What stores two rows at once cuts off at 0. NaN stays, and gives 0 too.
        const Columns<F> left(t, 0, sums, Units(units)), right(t, 1, sums, Units(units));
        const auto bounded = [&](const Columns<F>& columns, int row)
                                 ESPALIER_INLINE_LAMBDA { return _mm512_min_ps(hi, columns.value(row)); };
        for (; i + 1 < rows; i += 2) {
            store_code_rows(to + i * ldc, to + (i + 1) * ldc, bounded(left, i), bounded(right, i),
                            bounded(left, i + 1), bounded(right, i + 1));
        }
    }
    for (int vector = 0; vector < vectors && i < rows; ++vector) {
        const Columns<F> columns(t, vector, sums, Units(units));
        for (int row = i; row < rows; ++row) {
            store_codes(to + row * ldc + vector * kI8Lanes, columns.mask(),
                        _mm512_min_ps(_mm512_max_ps(columns.value(row), lo), hi));
        }
    }
}

/// Row by row, so that neighbouring vectors are written one after the other.
template <Form F>
void store_as_floats(const TileI8& t, int rows, int vectors, const Sums& sums, const TileTarget& target) {
    const ClipBounds clip = clip_bounds(t.activation, t.lo, t.hi);
    const __m512 lo = _mm512_set1_ps(clip.lo), hi = _mm512_set1_ps(clip.hi);
    const Units units(t.ends.residual_map);
    // One vector alone takes the place of both.
    const int last = vectors - 1;
    const Columns<F> left(t, 0, sums, units), right(t, last, sums, units);
    const __mmask16 mask = target.buffered ? kAllLanes : right.mask();
    const std::int64_t stride = target.buffered ? target.stride : t.ldc;
    float* to = target.buffered ? target.data : t.c;
    // Without an activation the bounds are infinite.
    const auto bounded = [&](const Columns<F>& columns, int row) ESPALIER_INLINE_LAMBDA {
        return _mm512_min_ps(hi, _mm512_max_ps(lo, columns.value(row)));
    };
    for (int i = 0; i < rows; ++i, to += stride) {
        if (last > 0) _mm512_storeu_ps(to, bounded(left, i));
        float* const end = to + last * kI8Lanes;
        // A masked store costs AMD's processors several plain ones.
        if (mask == kAllLanes) {
            _mm512_storeu_ps(end, bounded(right, i));
        } else {
            _mm512_mask_storeu_ps(end, mask, bounded(right, i));
        }
    }
}

template <bool OneAffine, typename Run>
ESPALIER_INLINE void with_added(const TileI8& t, Run&& run) {
    if (t.residual) {
        run.template operator()<Form{OneAffine, Added::kFloats}>();
    } else if (t.ends.residual) {
        run.template operator()<Form{OneAffine, Added::kCodes}>();
    } else {
        run.template operator()<Form{OneAffine, Added::kNothing}>();
    }
}

/// Calls run.template operator()<F>() with the form of the tile.
template <typename Run>
ESPALIER_INLINE void with_form(const TileI8& t, Run&& run) {
    if (t.one_affine) {
        with_added<true>(t, run);
    } else {
        with_added<false>(t, run);
    }
}

/// Turns sums[rows][vectors * kI8Lanes], aligned to 64, into the output of the tile; they may be overwritten.
void finish(const TileI8& t, int rows, int vectors, std::int32_t* sums) {
    const std::int64_t stride = std::int64_t{vectors} * kI8Lanes;
    const bool buffered = needs_activation_pass(t.activation);
    // A value takes the place of its sum.
    const TileTarget target{reinterpret_cast<float*>(sums), stride, buffered};
    const int used = t.columns > kI8Lanes ? 2 : 1;
    with_form(t, [&]<Form F>() {
        if (t.ends.result && !buffered) {
            store_as_codes<F>(t, rows, used, {sums, stride});
        } else {
            store_as_floats<F>(t, rows, used, {sums, stride}, target);
        }
    });
    if (buffered) {
        activate_rows<Avx512>(t, target, rows, [&](std::uint8_t* to, __m512 value, int count) {
            quantize_codes(to, count < kI8Lanes ? Avx512::first(count) : kAllLanes, value, t.ends.result_map);
        });
    }
}

}  // namespace
}  // namespace espalier::kernels
