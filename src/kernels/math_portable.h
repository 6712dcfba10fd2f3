#pragma once

#include <cstdint>

#include "kernels/vector_math.h"

namespace espalier::kernels {

/// Four floats in plain C++ with the compiler's vector extension: SSE2, NEON or scalar code, whatever there
/// is. The meaning of each operation stands in vector_math.h.
struct Portable {
    using V = float __attribute__((vector_size(16)));
    using I = std::int32_t __attribute__((vector_size(16)));
    static constexpr int kLanes = 4;
    static constexpr int kRegisters = 16;
    static constexpr bool kMasksAreFree = false;

    ESPALIER_INLINE static V zero() { return V{}; }
    ESPALIER_INLINE static V set1(float x) { return V{x, x, x, x}; }
    ESPALIER_INLINE static V load(const float* p) {
        V x;
        __builtin_memcpy(&x, p, sizeof x);
        return x;
    }
    ESPALIER_INLINE static void store(float* p, V x) { __builtin_memcpy(p, &x, sizeof x); }
    ESPALIER_INLINE static V load_first(const float* p, int n) {
        V x{};
        __builtin_memcpy(&x, p, static_cast<std::size_t>(n) * sizeof(float));  // p need not be aligned
        return x;
    }
    ESPALIER_INLINE static void store_first(float* p, int n, V x) {
        for (int i = 0; i < n; ++i) p[i] = x[i];
    }

    ESPALIER_INLINE static V add(V a, V b) { return a + b; }
    ESPALIER_INLINE static V sub(V a, V b) { return a - b; }
    ESPALIER_INLINE static V mul(V a, V b) { return a * b; }
    ESPALIER_INLINE static V div(V a, V b) { return a / b; }
    ESPALIER_INLINE static V quotient(V a, V b) { return div(a, b); }
    ESPALIER_INLINE static V fma(V a, V b, V c) { return a * b + c; }
    ESPALIER_INLINE static V fnma(V a, V b, V c) { return c - a * b; }
    ESPALIER_INLINE static V max(V a, V b) { return a > b ? a : b; }
    ESPALIER_INLINE static V min(V a, V b) { return a < b ? a : b; }
    ESPALIER_INLINE static V abs(V x) { return from_bits(bits(x) & 0x7fffffff); }
    /// For |x| < 2^22: adding 1.5 * 2^23 leaves no bits for a fraction.
    ESPALIER_INLINE static V round(V x) { return (x + set1(12582912.0f)) - set1(12582912.0f); }
    ESPALIER_INLINE static V scale2(V x, V n) {
        // A lane of NaN must not reach the conversion to integer, which is undefined for it; x is NaN there.
        const I whole = __builtin_convertvector(n == n ? n : zero(), I);
        return x * from_bits((whole + 127) << 23);
    }
    ESPALIER_INLINE static V floor(V x) {
        const V n = round(x);
        return select_less(x, n, n - set1(1.0f), n);
    }
    ESPALIER_INLINE static V fraction(V x) { return x - floor(x); }
    ESPALIER_INLINE static V scale2_floor(V x, V y) { return scale2(x, floor(y)); }
    ESPALIER_INLINE static V copysign(V magnitude, V sign) {
        return from_bits((bits(magnitude) & 0x7fffffff) | (bits(sign) & INT32_MIN));
    }
    ESPALIER_INLINE static V select_less(V a, V b, V yes, V no) { return a < b ? yes : no; }
    ESPALIER_INLINE static V pick(V x, const std::int32_t* lanes) {
        return V{x[lanes[0]], x[lanes[1]], x[lanes[2]], x[lanes[3]]};
    }
    ESPALIER_INLINE static void transpose(V (&r)[kLanes]) {
        for (int i = 0; i < kLanes; ++i) {
            for (int j = 0; j < i; ++j) {
                const float x = r[i][j];
                r[i][j] = r[j][i];
                r[j][i] = x;
            }
        }
    }
    ESPALIER_INLINE static float sum(V x) { return (x[0] + x[2]) + (x[1] + x[3]); }
    ESPALIER_INLINE static float largest(V x) {
        const float a = x[0] > x[1] ? x[0] : x[1];
        const float b = x[2] > x[3] ? x[2] : x[3];
        return a > b ? a : b;
    }

  private:
    ESPALIER_INLINE static I bits(V x) {
        I i;
        __builtin_memcpy(&i, &x, sizeof i);
        return i;
    }
    ESPALIER_INLINE static V from_bits(I i) {
        V x;
        __builtin_memcpy(&x, &i, sizeof x);
        return x;
    }
};

}  // namespace espalier::kernels
