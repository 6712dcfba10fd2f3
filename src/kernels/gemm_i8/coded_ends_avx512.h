#pragma once

#include <immintrin.h>

#include <cstdint>

#include "kernels/gemm_i8/coded_ends.h"
#include "kernels/math_avx512.h"

namespace espalier::kernels {

inline constexpr __mmask16 kAllLanes = 0xffff;

/// Stores whole numbers from 0 to 255. A masked store costs several plain ones.
ESPALIER_INLINE void store_codes(std::uint8_t* to, __mmask16 mask, __m512 value) {
    const __m128i codes = _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(value));
    if (mask == kAllLanes) {
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to), codes);
    } else {
        _mm_mask_storeu_epi8(to, mask, codes);
    }
}

/// Two rows of 32 values, which are below 2^31, as codes: cut off at 0 and 255, NaN gives 0. Packing four
/// vectors at once costs half of what narrowing each of them does.
ESPALIER_INLINE void store_code_rows(std::uint8_t* upper, std::uint8_t* lower, __m512 upper_left,
                                     __m512 upper_right, __m512 lower_left, __m512 lower_right) {
    const __m512i first = _mm512_packs_epi32(_mm512_cvtps_epi32(upper_left), _mm512_cvtps_epi32(upper_right));
    const __m512i second =
        _mm512_packs_epi32(_mm512_cvtps_epi32(lower_left), _mm512_cvtps_epi32(lower_right));
    // Packing works within quarters of a vector.
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const __m512i codes = _mm512_permutexvar_epi32(order, _mm512_packus_epi16(first, second));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(upper), _mm512_castsi512_si256(codes));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(lower), _mm512_extracti64x4_epi64(codes, 1));
}

/// Stores the codes of values, as CodedEnds says. The maximum makes 0 of NaN.
ESPALIER_INLINE void quantize_codes(std::uint8_t* to, __mmask16 mask, __m512 value, const Affine& map) {
    const __m512 scaled = _mm512_fmadd_ps(value, _mm512_set1_ps(1.0f / map.scale),
                                          _mm512_set1_ps(static_cast<float>(map.zero_point)));
    store_codes(to, mask, _mm512_min_ps(_mm512_max_ps(scaled, _mm512_setzero_ps()), _mm512_set1_ps(255)));
}

ESPALIER_INLINE __m512i load_codes(const std::uint8_t* from, __mmask16 mask) {
    return _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(mask, from));
}

/// Adds codes as CodedEnds::residual.
ESPALIER_INLINE __m512 add_codes(const std::uint8_t* from, __mmask16 mask, const Affine& map, __m512 value) {
    const __m512i centred = _mm512_sub_epi32(load_codes(from, mask), _mm512_set1_epi32(map.zero_point));
    return _mm512_fmadd_ps(_mm512_cvtepi32_ps(centred), _mm512_set1_ps(map.scale), value);
}

/// CodeUnits spread over vectors.
struct CodeUnitsAvx512 {
    __m512 step, offset, residual, lo, hi;

    ESPALIER_INLINE explicit CodeUnitsAvx512(const CodeUnits& units)
        : step(_mm512_set1_ps(units.step)),
          offset(_mm512_set1_ps(units.offset)),
          residual(_mm512_set1_ps(units.residual)),
          lo(_mm512_set1_ps(units.lo)),
          hi(_mm512_set1_ps(units.hi)) {}

    /// The scale of accumulators in units of codes.
    ESPALIER_INLINE __m512 scale(__m512 scale) const { return _mm512_mul_ps(scale, step); }
    ESPALIER_INLINE __m512 bias(__m512 bias) const { return _mm512_fmadd_ps(bias, step, offset); }
    /// Adds a residual in f32 or, where that is null, in codes.
    ESPALIER_INLINE __m512 add(const float* from, const std::uint8_t* codes, __mmask16 mask,
                               __m512 value) const {
        if (from) return _mm512_fmadd_ps(_mm512_maskz_loadu_ps(mask, from), step, value);
        return _mm512_fmadd_ps(_mm512_cvtepi32_ps(load_codes(codes, mask)), residual, value);
    }
    ESPALIER_INLINE __m512 bounded(__m512 value) const { return _mm512_min_ps(_mm512_max_ps(value, lo), hi); }
    /// For a store that cuts off at 0, where that is the lower bound. NaN stays.
    ESPALIER_INLINE __m512 bounded_above(__m512 value) const { return _mm512_min_ps(hi, value); }
};

}  // namespace espalier::kernels
