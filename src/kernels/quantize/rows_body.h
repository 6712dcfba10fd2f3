#pragma once

#include <immintrin.h>

#include "kernels/quantize/quantize_kernel.h"
#include "kernels/vector_math.h"

namespace espalier::kernels {

/// The lower, or the higher, of two vectors lane by lane.
struct Lower {
    ESPALIER_INLINE __m128 operator()(__m128 a, __m128 b) const { return _mm_min_ps(a, b); }
    ESPALIER_INLINE __m256 operator()(__m256 a, __m256 b) const { return _mm256_min_ps(a, b); }
};
struct Higher {
    ESPALIER_INLINE __m128 operator()(__m128 a, __m128 b) const { return _mm_max_ps(a, b); }
    ESPALIER_INLINE __m256 operator()(__m256 a, __m256 b) const { return _mm256_max_ps(a, b); }
};

/// Four lanes, of which each stands for every fourth of a wider vector.
template <typename Better>
ESPALIER_INLINE __m128 quarter(__m256 v, Better better) {
    return better(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
}
#if defined(__AVX512F__)
template <typename Better>
ESPALIER_INLINE __m128 quarter(__m512 v, Better better) {
    const __m256 upper = _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(v), 1));
    return quarter(better(_mm512_castps512_ps256(v), upper), better);
}
#endif

/// The best lane of each of four vectors.
template <typename V, typename Better>
ESPALIER_INLINE __m128 best_of_each(const V (&v)[4], Better better) {
    __m128 a = quarter(v[0], better), b = quarter(v[1], better);
    __m128 c = quarter(v[2], better), d = quarter(v[3], better);
    _MM_TRANSPOSE4_PS(a, b, c, d);
    return better(better(a, b), better(c, d));
}

/// choose_affine_u8() of four ranges that include 0, in its arithmetic.
struct FourAffines {
    alignas(16) float scales[4];
    alignas(16) std::int32_t zero_points[4];

    ESPALIER_INLINE FourAffines(__m128 low, __m128 high) {
        constexpr float kMost = 3.40282347e38f, kLeastNormal = 1.17549435e-38f;
        const __m128 most = _mm_set1_ps(kMost);
        const __m256d min = _mm256_cvtps_pd(_mm_max_ps(low, _mm_sub_ps(_mm_setzero_ps(), most)));
        const __m256d max = _mm256_cvtps_pd(_mm_min_ps(high, most));
        const __m256d step = _mm256_div_pd(_mm256_sub_pd(max, min), _mm256_set1_pd(255));
        const __m128 scale = _mm_max_ps(_mm256_cvtpd_ps(step), _mm_set1_ps(kLeastNormal));
        const __m256d below = _mm256_sub_pd(_mm256_setzero_pd(), min);
        const __m256d code = _mm256_round_pd(_mm256_div_pd(below, _mm256_cvtps_pd(scale)),
                                             _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
        _mm_store_ps(scales, _mm_blendv_ps(scale, _mm_set1_ps(1), _mm_cmpeq_ps(low, high)));
        _mm_store_si128(reinterpret_cast<__m128i*>(zero_points),
                        _mm256_cvtpd_epi32(_mm256_min_pd(code, _mm256_set1_pd(255))));
    }
};

/// QuantizeKernel::rows for the instruction set S: four rows at a time, since what is done once for each row
/// takes as long as a hundred of its elements.
template <class S>
void quantize_rows_vectors(const float* x, std::int64_t rows, std::int64_t columns, RowCodes y,
                           void (*quantize)(const Quantization&, const float*, std::int64_t, std::uint8_t*)) {
    using V = typename S::V;
    for (std::int64_t first = 0; first < rows; first += 4) {
        const int count = rows - first < 4 ? static_cast<int>(rows - first) : 4;
        const float* row[4];
        V low[4], high[4];
#pragma GCC unroll 4
        for (int r = 0; r < 4; ++r) {
            row[r] = x + (first + (r < count ? r : count - 1)) * columns;
            low[r] = high[r] = S::zero();
        }
        // The first operand of a minimum or maximum is left out where it is NaN.
        std::int64_t i = 0;
        for (; i + S::kLanes <= columns; i += S::kLanes) {
#pragma GCC unroll 4
            for (int r = 0; r < 4; ++r) {
                const V v = S::load(row[r] + i);
                low[r] = S::min(v, low[r]);
                high[r] = S::max(v, high[r]);
            }
        }
        if (const auto left = static_cast<int>(columns - i); left > 0) {
#pragma GCC unroll 4
            for (int r = 0; r < 4; ++r) {
                const V v = S::load_first(row[r] + i, left);
                low[r] = S::min(v, low[r]);
                high[r] = S::max(v, high[r]);
            }
        }
        const FourAffines affines(best_of_each(low, Lower()), best_of_each(high, Higher()));
        for (int r = 0; r < count; ++r) {
            const Affine affine{affines.scales[r], affines.zero_points[r]};
            y.affines[first + r] = affine;
            quantize({1 / affine.scale, false, affine.zero_point, 0, 255}, row[r], columns,
                     y.codes + (first + r) * columns);
        }
    }
}

}  // namespace espalier::kernels
