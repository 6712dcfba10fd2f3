#pragma once

#include "kernels/epilogue.h"

/// Vector code must never exist out of line: the linker keeps one copy of an inline function, and must not
/// find one that was compiled for more than this processor has.
#define ESPALIER_INLINE __attribute__((always_inline)) inline
#define ESPALIER_INLINE_LAMBDA __attribute__((always_inline))

namespace espalier::kernels {

/// Functions of vectors, written once over the operations of one instruction set S: Portable
/// (math_portable.h), Avx2 (math_avx2.h) or Avx512 (math_avx512.h). Each S offers, on vectors V of kLanes
/// floats,
///
///   zero() set1(x) load(p) store(p, v)       no alignment needed
///   load_first(p, n) store_first(p, n, v)    the first n <= kLanes; the rest reads as 0 and is not touched
///   add sub mul div abs round                round to nearest even
///   fraction(x) = x - floor(x)               scale2_floor(x, y) = x 2^floor(y) for |y| <= 126
///   quotient(a, b) = a / b for b of 1 or more    2 ulp off at most
///   fma(a, b, c) = a b + c    fnma(a, b, c) = c - a b        (Portable rounds twice)
///   max(a, b) min(a, b)                      b where either is NaN
///   scale2(x, n) = x 2^n for n of -127, which gives 0, to 128, which may give infinity
///   copysign(magnitude, sign)
///   select_less(a, b, yes, no)               yes where a < b, no elsewhere and for NaN
///   sum(v) largest(v)                        over the lanes
///   pick(v, lanes)                           v[lanes[i]] in lane i
///   transpose(v[kLanes])                     a square of floats in registers
template <class S>
struct Math {
    using V = typename S::V;

    /// e^x, relative error below 2 ulp; 0 below -87.7, infinity above 88.37, NaN for NaN. What masks leave of
    /// a softmax must not be subnormal: each of its products takes Intel's cores a hundred cycles. x = n ln 2
    /// + r, |r| <= ln 2 / 2; e^r = 1 + r + r^2 q(r) with q the Chebyshev fit of degree 4 (7.8e-9).
    ESPALIER_INLINE static V exp(V x) {
        x = S::min(S::set1(89.0f), S::max(S::set1(-87.9f), x));
        const V n = S::round(S::mul(x, S::set1(kLog2E)));
        const V r = reduce(x, n);
        return S::scale2(S::add(S::set1(1.0f), exp_minus_1_reduced(r)), n);
    }

    /// erf(x), absolute error below 4e-7: x P(x^2) / Q(x^2) fitted on |x| <= 3.93, the nearest float beyond
    /// is 1.
    ESPALIER_INLINE static V erf(V x) {
        constexpr float kP[] = {1.128379145f,    1.909879904e-1f, 5.281124786e-2f,
                                3.786748349e-3f, 2.8468439e-4f,   2.036608096e-6f};
        constexpr float kQ[] = {
            1.0f, 5.025914193e-1f, 1.143364227e-1f, 1.501192214e-2f, 1.166416868e-3f, 3.794219e-5f};
        constexpr float kBound = 3.92f;
        const V inside = odd_rational(x, kBound, kP, kQ);
        return S::select_less(S::set1(kBound), S::abs(x), S::copysign(S::set1(1.0f), x), inside);
    }

    /// x (1 + erf(x / sqrt 2)) / 2, absolute error below 1e-6 max(1, |x|): erf() / 2 with its scales folded
    /// into the coefficients.
    ESPALIER_INLINE static V gelu(V x) {
        constexpr float kP[] = {3.989422726e-1f, 3.376222578e-2f, 4.667898936e-3f,
                                1.673522148e-4f, 6.290695708e-6f, 2.250155305e-8f};
        constexpr float kQ[] = {
            1.0f, 2.512957096e-1f, 2.858410567e-2f, 1.876490267e-3f, 7.290105425e-5f, 1.185693437e-6f};
        constexpr float kBound = 5.54371716f;
        const V half_erf = odd_rational(x, kBound, kP, kQ);
        const V inside = S::mul(x, S::add(S::set1(0.5f), half_erf));
        return S::select_less(S::set1(kBound), S::abs(x), S::max(S::zero(), x), inside);
    }

    /// x / (1 + 2^t), relative error below 3e-7 + 4e-8 |t|; above 126, t counts as 126. 2^t = 2^floor(t) p(f)
    /// with f in [0, 1) and p the relative minimax fit of degree 5 (7.5e-8).
    ESPALIER_INLINE static V over_1_plus_exp2(V x, V t) {
        t = S::min(S::set1(126.0f), S::max(S::set1(-126.0f), t));
        const V f = S::fraction(t);
        V p = S::fma(S::set1(1.877567645e-3f), f, S::set1(8.989361749e-3f));
        p = S::fma(p, f, S::set1(5.582629961e-2f));
        p = S::fma(p, f, S::set1(2.401536239e-1f));
        p = S::fma(p, f, S::set1(6.931530721e-1f));
        p = S::fma(p, f, S::set1(9.999999251e-1f));
        return S::quotient(x, S::add(S::set1(1.0f), S::scale2_floor(p, t)));
    }

    /// 1 / (1 + e^-x).
    ESPALIER_INLINE static V sigmoid(V x) {
        return over_1_plus_exp2(S::set1(1.0f), S::mul(x, S::set1(-kLog2E)));
    }

    /// tanh(x) = (e^2x - 1) / (e^2x + 1), from e^2x - 1 without cancellation so that small x keep their
    /// digits.
    ESPALIER_INLINE static V tanh(V x) {
        const V one = S::set1(1.0f);
        const V y = S::min(S::set1(20.0f), S::max(S::set1(-20.0f), S::add(x, x)));
        const V n = S::round(S::mul(y, S::set1(kLog2E)));
        const V power = S::scale2(one, n);
        const V numerator = S::fma(power, exp_minus_1_reduced(reduce(y, n)), S::sub(power, one));
        return S::quotient(numerator, S::add(numerator, S::set1(2.0f)));
    }

    /// The activation A of every lane; lo and hi are read by kClip only.
    template <Activation A>
    ESPALIER_INLINE static V activate(V x, V lo, V hi) {
        if constexpr (A == Activation::kRelu) return S::max(S::zero(), x);
        if constexpr (A == Activation::kClip) return S::min(hi, S::max(lo, x));
        if constexpr (A == Activation::kGelu) return gelu(x);
        if constexpr (A == Activation::kGeluTanh) {
            // (1 + tanh u) / 2 = sigmoid(2u)
            const V cubic = S::fma(S::mul(S::mul(x, x), S::set1(0.044715f)), x, x);
            return over_1_plus_exp2(x, S::mul(cubic, S::set1(-1.595769122f * kLog2E)));
        }
        if constexpr (A == Activation::kSilu) return over_1_plus_exp2(x, S::mul(x, S::set1(-kLog2E)));
        if constexpr (A == Activation::kSigmoid) return sigmoid(x);
        if constexpr (A == Activation::kTanh) return tanh(x);
        if constexpr (A == Activation::kHardSwish) return S::mul(x, hard_sigmoid(x));
        if constexpr (A == Activation::kHardSigmoid) return hard_sigmoid(x);
        return x;
    }

  private:
    static constexpr float kLog2E = 1.44269504f;

    /// z P(z^2) / Q(z^2) for z = x within [-bound, bound] and the bound beyond; Q is 1 or more.
    ESPALIER_INLINE static V odd_rational(V x, float bound, const float (&p)[6], const float (&q)[6]) {
        const V z = S::min(S::set1(bound), S::max(S::set1(-bound), x));
        const V t = S::mul(z, z);
        V numerator = S::set1(p[5]), denominator = S::set1(q[5]);
#pragma GCC unroll 5
        for (int i = 4; i >= 0; --i) {
            numerator = S::fma(numerator, t, S::set1(p[i]));
            denominator = S::fma(denominator, t, S::set1(q[i]));
        }
        return S::quotient(S::mul(z, numerator), denominator);
    }

    ESPALIER_INLINE static V hard_sigmoid(V x) {
        const V shifted = S::min(S::set1(6.0f), S::max(S::zero(), S::add(x, S::set1(3.0f))));
        return S::mul(shifted, S::set1(1.0f / 6.0f));
    }

    /// x - n ln 2 with ln 2 in two parts, the first short enough for n times it to be exact.
    ESPALIER_INLINE static V reduce(V x, V n) {
        return S::fnma(n, S::set1(-2.12194440e-4f), S::fnma(n, S::set1(0.693359375f), x));
    }

    /// e^r - 1 for |r| <= ln 2 / 2.
    ESPALIER_INLINE static V exp_minus_1_reduced(V r) {
        V q = S::fma(S::set1(1.392617612e-3f), r, S::set1(8.363173075e-3f));
        q = S::fma(q, r, S::set1(4.166655466e-2f));
        q = S::fma(q, r, S::set1(1.666657703e-1f));
        q = S::fma(q, r, S::set1(0.5f));
        return S::fma(S::mul(r, r), q, r);
    }
};

/// Calls body.template operator()<A>() for the activation known only at run time.
template <class Body>
ESPALIER_INLINE void with_activation(Activation activation, Body&& body) {
    switch (activation) {
        case Activation::kNone:
            return body.template operator()<Activation::kNone>();
        case Activation::kRelu:
            return body.template operator()<Activation::kRelu>();
        case Activation::kClip:
            return body.template operator()<Activation::kClip>();
        case Activation::kGelu:
            return body.template operator()<Activation::kGelu>();
        case Activation::kGeluTanh:
            return body.template operator()<Activation::kGeluTanh>();
        case Activation::kSilu:
            return body.template operator()<Activation::kSilu>();
        case Activation::kSigmoid:
            return body.template operator()<Activation::kSigmoid>();
        case Activation::kTanh:
            return body.template operator()<Activation::kTanh>();
        case Activation::kHardSwish:
            return body.template operator()<Activation::kHardSwish>();
        case Activation::kHardSigmoid:
            return body.template operator()<Activation::kHardSigmoid>();
    }
}

}  // namespace espalier::kernels
