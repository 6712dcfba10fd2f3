#pragma once

#include <immintrin.h>

#include "kernels/vector_math.h"

namespace espalier::kernels {

/// Sixteen floats of AVX-512 (F, BW, DQ, VL). Include only from files compiled for that instruction set.
/// The meaning of each operation stands in vector_math.h.
struct Avx512 {
    using V = __m512;
    static constexpr int kLanes = 16;
    static constexpr int kRegisters = 32;

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
    ESPALIER_INLINE static V fma(V a, V b, V c) { return _mm512_fmadd_ps(a, b, c); }
    ESPALIER_INLINE static V fnma(V a, V b, V c) { return _mm512_fnmadd_ps(a, b, c); }
    ESPALIER_INLINE static V max(V a, V b) { return _mm512_max_ps(a, b); }
    ESPALIER_INLINE static V min(V a, V b) { return _mm512_min_ps(a, b); }
    ESPALIER_INLINE static V abs(V x) { return _mm512_abs_ps(x); }
    ESPALIER_INLINE static V round(V x) {
        return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    }
    ESPALIER_INLINE static V scale2(V x, V n) { return _mm512_scalef_ps(x, n); }
    ESPALIER_INLINE static V copysign(V magnitude, V sign) {
        const V bit = _mm512_set1_ps(-0.0f);
        return _mm512_or_ps(_mm512_andnot_ps(bit, magnitude), _mm512_and_ps(bit, sign));
    }
    ESPALIER_INLINE static V select_less(V a, V b, V yes, V no) {
        return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), no, yes);
    }
    ESPALIER_INLINE static float sum(V x) { return _mm512_reduce_add_ps(x); }
    ESPALIER_INLINE static float largest(V x) { return _mm512_reduce_max_ps(x); }
};

}  // namespace espalier::kernels
