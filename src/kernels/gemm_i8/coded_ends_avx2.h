#pragma once

#include <immintrin.h>

#include <cstdint>

#include "kernels/gemm_i8/coded_ends.h"
#include "kernels/math_avx2.h"

namespace espalier::kernels {

/// Stores the first `count` lanes, 1 to 8, of whole numbers from 0 to 255.
ESPALIER_INLINE void store_codes(std::uint8_t* to, __m256 value, int count) {
    const __m256i codes = _mm256_cvtps_epi32(value);
    const __m128i words = _mm_packus_epi32(_mm256_castsi256_si128(codes), _mm256_extracti128_si256(codes, 1));
    const __m128i codes8 = _mm_packus_epi16(words, words);
    if (count == 8) return _mm_storel_epi64(reinterpret_cast<__m128i*>(to), codes8);
    const std::int64_t bytes = _mm_cvtsi128_si64(codes8);
    __builtin_memcpy(to, &bytes, static_cast<std::size_t>(count));
}

/// Stores the codes of values, as CodedEnds says. The maximum makes 0 of NaN.
ESPALIER_INLINE void quantize_codes(std::uint8_t* to, __m256 value, int count, const Affine& map) {
    const __m256 scaled = _mm256_fmadd_ps(value, _mm256_set1_ps(1.0f / map.scale),
                                          _mm256_set1_ps(static_cast<float>(map.zero_point)));
    store_codes(to, _mm256_min_ps(_mm256_max_ps(scaled, _mm256_setzero_ps()), _mm256_set1_ps(255)), count);
}

/// The first `count` codes, 1 to 8, as numbers.
ESPALIER_INLINE __m256i load_codes(const std::uint8_t* from, int count) {
    if (count == 8) return _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from)));
    std::int64_t bytes = 0;
    __builtin_memcpy(&bytes, from, static_cast<std::size_t>(count));
    return _mm256_cvtepu8_epi32(_mm_cvtsi64_si128(bytes));
}

/// Adds codes as CodedEnds::residual.
ESPALIER_INLINE __m256 add_codes(const std::uint8_t* from, int count, const Affine& map, __m256 value) {
    const __m256i centred = _mm256_sub_epi32(load_codes(from, count), _mm256_set1_epi32(map.zero_point));
    return _mm256_fmadd_ps(_mm256_cvtepi32_ps(centred), _mm256_set1_ps(map.scale), value);
}

/// What an accumulator, as f32, is worth in units of codes and bounded; eight or the first `count` columns.
struct CodeUnitsAvx2 {
    CodeUnits units;
    const float* residual;      ///< or null
    const std::uint8_t* codes;  ///< or null

    ESPALIER_INLINE __m256 value(__m256 acc, __m256 scale, __m256 bias, std::int64_t at, int count) const {
        const __m256 step = _mm256_set1_ps(units.step);
        __m256 value = _mm256_fmadd_ps(acc, _mm256_mul_ps(scale, step),
                                       _mm256_fmadd_ps(bias, step, _mm256_set1_ps(units.offset)));
        if (residual) {
            const __m256 r = count >= 8 ? Avx2::load(residual + at) : Avx2::load_first(residual + at, count);
            value = _mm256_fmadd_ps(r, step, value);
        } else if (codes) {
            const __m256 r = _mm256_cvtepi32_ps(load_codes(codes + at, count));
            value = _mm256_fmadd_ps(r, _mm256_set1_ps(units.residual), value);
        }
        return _mm256_min_ps(_mm256_max_ps(value, _mm256_set1_ps(units.lo)), _mm256_set1_ps(units.hi));
    }
};

}  // namespace espalier::kernels
