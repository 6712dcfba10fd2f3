#pragma once

#include <immintrin.h>

#include <cstdint>

#include "kernels/vector_math.h"

namespace espalier::kernels {

/// Eight floats of AVX2 with FMA. Include only from files compiled for that instruction set.
/// The meaning of each operation stands in vector_math.h.
struct Avx2 {
    using V = __m256;
    static constexpr int kLanes = 8;
    static constexpr int kRegisters = 16;
    static constexpr bool kMasksAreFree = false;

    ESPALIER_INLINE static V zero() { return _mm256_setzero_ps(); }
    ESPALIER_INLINE static V set1(float x) { return _mm256_set1_ps(x); }
    ESPALIER_INLINE static V load(const float* p) { return _mm256_loadu_ps(p); }
    ESPALIER_INLINE static void store(float* p, V x) { _mm256_storeu_ps(p, x); }
    ESPALIER_INLINE static __m256i first(int n) {
        return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    }
    ESPALIER_INLINE static V load_first(const float* p, int n) { return _mm256_maskload_ps(p, first(n)); }
    ESPALIER_INLINE static void store_first(float* p, int n, V x) { _mm256_maskstore_ps(p, first(n), x); }

    ESPALIER_INLINE static V add(V a, V b) { return _mm256_add_ps(a, b); }
    ESPALIER_INLINE static V sub(V a, V b) { return _mm256_sub_ps(a, b); }
    ESPALIER_INLINE static V mul(V a, V b) { return _mm256_mul_ps(a, b); }
    ESPALIER_INLINE static V div(V a, V b) { return _mm256_div_ps(a, b); }
    ESPALIER_INLINE static V quotient(V a, V b) { return div(a, b); }
    ESPALIER_INLINE static V fma(V a, V b, V c) { return _mm256_fmadd_ps(a, b, c); }
    ESPALIER_INLINE static V fnma(V a, V b, V c) { return _mm256_fnmadd_ps(a, b, c); }
    ESPALIER_INLINE static V max(V a, V b) { return _mm256_max_ps(a, b); }
    ESPALIER_INLINE static V min(V a, V b) { return _mm256_min_ps(a, b); }
    ESPALIER_INLINE static V abs(V x) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x); }
    ESPALIER_INLINE static V round(V x) {
        return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    }
    ESPALIER_INLINE static V scale2(V x, V n) {
        const __m256i exponent = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
        return _mm256_mul_ps(x, _mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23)));
    }
    ESPALIER_INLINE static V fraction(V x) { return sub(x, _mm256_floor_ps(x)); }
    ESPALIER_INLINE static V scale2_floor(V x, V y) { return scale2(x, _mm256_floor_ps(y)); }
    ESPALIER_INLINE static V copysign(V magnitude, V sign) {
        const V bit = _mm256_set1_ps(-0.0f);
        return _mm256_or_ps(_mm256_andnot_ps(bit, magnitude), _mm256_and_ps(bit, sign));
    }
    ESPALIER_INLINE static V select_less(V a, V b, V yes, V no) {
        return _mm256_blendv_ps(no, yes, _mm256_cmp_ps(a, b, _CMP_LT_OQ));
    }
    /// x[lanes[i]] in lane i.
    ESPALIER_INLINE static V pick(V x, const std::int32_t* lanes) {
        return _mm256_permutevar8x32_ps(x, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(lanes)));
    }
    /// r[i][j] <-> r[j][i]: pairs and quads within 128-bit lanes, then the lanes.
    ESPALIER_INLINE static void transpose(V (&r)[kLanes]) {
        V quads[kLanes];
#pragma GCC unroll 2
        for (int i = 0; i < kLanes; i += 4) {
            const V low01 = _mm256_unpacklo_ps(r[i], r[i + 1]), high01 = _mm256_unpackhi_ps(r[i], r[i + 1]);
            const V low23 = _mm256_unpacklo_ps(r[i + 2], r[i + 3]),
                    high23 = _mm256_unpackhi_ps(r[i + 2], r[i + 3]);
            quads[i] = _mm256_shuffle_ps(low01, low23, 0x44);
            quads[i + 1] = _mm256_shuffle_ps(low01, low23, 0xee);
            quads[i + 2] = _mm256_shuffle_ps(high01, high23, 0x44);
            quads[i + 3] = _mm256_shuffle_ps(high01, high23, 0xee);
        }
#pragma GCC unroll 4
        for (int c = 0; c < 4; ++c) {
            r[c] = _mm256_permute2f128_ps(quads[c], quads[4 + c], 0x20);
            r[4 + c] = _mm256_permute2f128_ps(quads[c], quads[4 + c], 0x31);
        }
    }
    ESPALIER_INLINE static float sum(V x) {
        const __m128 four = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
        const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
        return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
    }
    ESPALIER_INLINE static float largest(V x) {
        const __m128 four = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
        const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
        return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
    }
};

}  // namespace espalier::kernels
