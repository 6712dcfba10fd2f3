#pragma once

#include <immintrin.h>

#include <cstdint>

#include "kernels/vector_math.h"

namespace espalier::kernels {

/// Sixteen floats of AVX-512 (F, BW, DQ, VL). Include only from files compiled for that instruction set.
/// The meaning of each operation stands in vector_math.h.
struct Avx512 {
    using V = __m512;
    static constexpr int kLanes = 16;
    static constexpr int kRegisters = 32;
    static constexpr bool kMasksAreFree = true;

    ESPALIER_INLINE static V zero() { return _mm512_setzero_ps(); }
    ESPALIER_INLINE static V set1(float x) { return _mm512_set1_ps(x); }
    ESPALIER_INLINE static V load(const float* p) { return _mm512_loadu_ps(p); }
    ESPALIER_INLINE static void store(float* p, V x) { _mm512_storeu_ps(p, x); }
    ESPALIER_INLINE static __mmask16 first(int n) { return static_cast<__mmask16>((1u << n) - 1u); }
    ESPALIER_INLINE static V load_first(const float* p, int n) { return _mm512_maskz_loadu_ps(first(n), p); }
    ESPALIER_INLINE static void store_first(float* p, int n, V x) { _mm512_mask_storeu_ps(p, first(n), x); }

    ESPALIER_INLINE static V add(V a, V b) { return _mm512_add_ps(a, b); }
    ESPALIER_INLINE static V sub(V a, V b) { return _mm512_sub_ps(a, b); }
    ESPALIER_INLINE static V mul(V a, V b) { return _mm512_mul_ps(a, b); }
    ESPALIER_INLINE static V div(V a, V b) { return _mm512_div_ps(a, b); }
    /// A step of Newton's from 14 bits: dividing takes Intel's cores 16 cycles.
    ESPALIER_INLINE static V quotient(V a, V b) {
        const V near = _mm512_rcp14_ps(b);
        // Above, the estimate is what there is: of infinity 0, which a step would make NaN.
        const __mmask16 is_small = _mm512_cmp_ps_mask(b, _mm512_set1_ps(0x1p126f), _CMP_LT_OQ);
        const V step = _mm512_fnmadd_ps(b, near, _mm512_set1_ps(2.0f));
        return _mm512_mul_ps(a, _mm512_mask_mul_ps(near, is_small, near, step));
    }
    ESPALIER_INLINE static V fma(V a, V b, V c) { return _mm512_fmadd_ps(a, b, c); }
    ESPALIER_INLINE static V fnma(V a, V b, V c) { return _mm512_fnmadd_ps(a, b, c); }
    ESPALIER_INLINE static V max(V a, V b) { return _mm512_max_ps(a, b); }
    ESPALIER_INLINE static V min(V a, V b) { return _mm512_min_ps(a, b); }
    ESPALIER_INLINE static V abs(V x) { return _mm512_abs_ps(x); }
    ESPALIER_INLINE static V round(V x) {
        return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    }
    ESPALIER_INLINE static V scale2(V x, V n) {
        // True for NaN as well.
        const __mmask16 is_normal = _mm512_cmp_ps_mask(n, _mm512_set1_ps(-126.5f), _CMP_NLT_UQ);
        return _mm512_maskz_scalef_ps(is_normal, x, n);
    }
    ESPALIER_INLINE static V fraction(V x) {
        return _mm512_reduce_ps(x, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
    }
    ESPALIER_INLINE static V scale2_floor(V x, V y) { return _mm512_scalef_ps(x, y); }
    ESPALIER_INLINE static V copysign(V magnitude, V sign) {
        const V bit = _mm512_set1_ps(-0.0f);
        return _mm512_or_ps(_mm512_andnot_ps(bit, magnitude), _mm512_and_ps(bit, sign));
    }
    ESPALIER_INLINE static V select_less(V a, V b, V yes, V no) {
        return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), no, yes);
    }
    /// x[lanes[i]] in lane i.
    ESPALIER_INLINE static V pick(V x, const std::int32_t* lanes) {
        return _mm512_permutexvar_ps(_mm512_loadu_si512(lanes), x);
    }
    /// r[i][j] <-> r[j][i]: pairs within 128-bit lanes, then the lanes.
    ESPALIER_INLINE static void transpose(V (&r)[kLanes]) {
        V pairs[kLanes];
#pragma GCC unroll 8
        for (int i = 0; i < kLanes; i += 2) {
            pairs[i] = _mm512_unpacklo_ps(r[i], r[i + 1]);
            pairs[i + 1] = _mm512_unpackhi_ps(r[i], r[i + 1]);
        }
        // quads[4 * g + c]: column c of each lane, rows 4 g to 4 g + 3
        V quads[kLanes];
#pragma GCC unroll 4
        for (int i = 0; i < kLanes; i += 4) {
            quads[i] = _mm512_shuffle_ps(pairs[i], pairs[i + 2], 0x44);
            quads[i + 1] = _mm512_shuffle_ps(pairs[i], pairs[i + 2], 0xee);
            quads[i + 2] = _mm512_shuffle_ps(pairs[i + 1], pairs[i + 3], 0x44);
            quads[i + 3] = _mm512_shuffle_ps(pairs[i + 1], pairs[i + 3], 0xee);
        }
#pragma GCC unroll 4
        for (int c = 0; c < 4; ++c) {
            const V low02 = _mm512_shuffle_f32x4(quads[c], quads[4 + c], 0x88);
            const V low13 = _mm512_shuffle_f32x4(quads[c], quads[4 + c], 0xdd);
            const V high02 = _mm512_shuffle_f32x4(quads[8 + c], quads[12 + c], 0x88);
            const V high13 = _mm512_shuffle_f32x4(quads[8 + c], quads[12 + c], 0xdd);
            r[c] = _mm512_shuffle_f32x4(low02, high02, 0x88);
            r[4 + c] = _mm512_shuffle_f32x4(low13, high13, 0x88);
            r[8 + c] = _mm512_shuffle_f32x4(low02, high02, 0xdd);
            r[12 + c] = _mm512_shuffle_f32x4(low13, high13, 0xdd);
        }
    }
    ESPALIER_INLINE static float sum(V x) { return _mm512_reduce_add_ps(x); }
    ESPALIER_INLINE static float largest(V x) { return _mm512_reduce_max_ps(x); }
};

}  // namespace espalier::kernels
