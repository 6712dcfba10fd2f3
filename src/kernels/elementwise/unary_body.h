#pragma once

#include "kernels/elementwise/unary.h"
#include "kernels/vector_math.h"

namespace espalier::kernels {

/// y[i] = f(x[i]) a vector at a time.
template <class S, class F>
ESPALIER_INLINE void map_vectors(const float* x, float* y, std::int64_t n, F&& f) {
    std::int64_t i = 0;
    for (; i + S::kLanes <= n; i += S::kLanes) S::store(y + i, f(S::load(x + i)));
    const int left = static_cast<int>(n - i);
    if (left > 0) S::store_first(y + i, left, f(S::load_first(x + i, left)));
}

/// unary() for the instruction set S. Kinds without a vector form go through the reference.
template <class S>
void run_unary(Unary kind, UnaryParams params, const float* x, float* y, std::int64_t n) {
    using V = typename S::V;
    const V a = S::set1(params.alpha), b = S::set1(params.beta);
    const V zero = S::zero(), one = S::set1(1.0f);
    const auto activate = [&]<Activation A>() {
        map_vectors<S>(x, y, n, [&](V v) { return Math<S>::template activate<A>(v, a, b); });
    };
    switch (kind) {
        case Unary::kRelu:
            return activate.template operator()<Activation::kRelu>();
        case Unary::kClip:
            return activate.template operator()<Activation::kClip>();
        case Unary::kGelu:
            return activate.template operator()<Activation::kGelu>();
        case Unary::kGeluTanh:
            return activate.template operator()<Activation::kGeluTanh>();
        case Unary::kSilu:
            return activate.template operator()<Activation::kSilu>();
        case Unary::kSigmoid:
            return activate.template operator()<Activation::kSigmoid>();
        case Unary::kTanh:
            return activate.template operator()<Activation::kTanh>();
        case Unary::kHardSwish:
            return activate.template operator()<Activation::kHardSwish>();
        case Unary::kLeakyRelu:
            return map_vectors<S>(x, y, n, [&](V v) { return S::select_less(v, zero, S::mul(a, v), v); });
        case Unary::kHardSigmoid:
            return map_vectors<S>(x, y, n,
                                  [&](V v) { return S::min(one, S::max(zero, S::add(S::mul(a, v), b))); });
        case Unary::kExp:
            return map_vectors<S>(x, y, n, [&](V v) { return Math<S>::exp(v); });
        case Unary::kErf:
            return map_vectors<S>(x, y, n, [&](V v) { return Math<S>::erf(v); });
        case Unary::kNeg:
            return map_vectors<S>(x, y, n, [&](V v) { return S::sub(S::set1(-0.0f), v); });
        case Unary::kAbs:
            return map_vectors<S>(x, y, n, [&](V v) { return S::abs(v); });
        case Unary::kReciprocal:
            return map_vectors<S>(x, y, n, [&](V v) { return S::div(one, v); });
        case Unary::kSquare:
            return map_vectors<S>(x, y, n, [&](V v) { return S::mul(v, v); });
        case Unary::kRound:
            return map_vectors<S>(x, y, n, [&](V v) { return S::round(v); });
        default:
            return run_unary_portable(kind, params, x, y, n);
    }
}

}  // namespace espalier::kernels
