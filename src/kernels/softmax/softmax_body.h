#pragma once

#include "kernels/softmax/softmax.h"
#include "kernels/vector_math.h"

namespace espalier::kernels {

/// Largest of x[0..n).
template <class S>
ESPALIER_INLINE float largest_of(const float* x, std::int64_t n) {
    if (n < S::kLanes) {
        float top = x[0];
        for (std::int64_t i = 1; i < n; ++i) top = x[i] > top ? x[i] : top;
        return top;
    }
    auto t0 = S::load(x), t1 = t0;
    std::int64_t i = S::kLanes;
    for (; i + 2 * S::kLanes <= n; i += 2 * S::kLanes) {
        t0 = S::max(t0, S::load(x + i));
        t1 = S::max(t1, S::load(x + i + S::kLanes));
    }
    if (i + S::kLanes <= n) t0 = S::max(t0, S::load(x + i));
    // The last vector overlaps the one before: a maximum may count an element twice.
    return S::largest(S::max(S::max(t0, t1), S::load(x + n - S::kLanes)));
}

/// y[i] = e^(x[i] - top) when `store`; returns the sum.
template <class S, bool store>
ESPALIER_INLINE float exponentials(const float* x, std::int64_t n, float top, float* y) {
    using V = typename S::V;
    const V m = S::set1(top);
    V s0 = S::zero(), s1 = S::zero();
    std::int64_t i = 0;
    for (; i + 2 * S::kLanes <= n; i += 2 * S::kLanes) {
        const V e0 = Math<S>::exp(S::sub(S::load(x + i), m));
        const V e1 = Math<S>::exp(S::sub(S::load(x + i + S::kLanes), m));
        if (store) {
            S::store(y + i, e0);
            S::store(y + i + S::kLanes, e1);
        }
        s0 = S::add(s0, e0);
        s1 = S::add(s1, e1);
    }
    for (; i < n; i += S::kLanes) {
        const int left = static_cast<int>(n - i < S::kLanes ? n - i : S::kLanes);
        const V e = Math<S>::exp(S::sub(S::load_first(x + i, left), m));
        float kept[S::kLanes] = {};
        S::store_first(kept, left, e);
        if (store) S::store_first(y + i, left, e);
        s0 = S::add(s0, S::load(kept));
    }
    return S::sum(S::add(s0, s1));
}

/// softmax() for the instruction set S.
template <class S>
void run_softmax(SoftmaxKind kind, const float* x, std::int64_t rows, std::int64_t n, float* y) {
    using V = typename S::V;
    for (std::int64_t r = 0; r < rows; ++r, x += n, y += n) {
        const float top = largest_of<S>(x, n);
        const bool log = kind == SoftmaxKind::kLogSoftmax;
        const float sum = log ? exponentials<S, false>(x, n, top, y) : exponentials<S, true>(x, n, top, y);
        const V m = S::set1(top);
        const V factor = S::set1(log ? __builtin_logf(sum) : 1.0f / sum);
        const float* from = log ? x : y;
        const auto finish = [&](V v) { return log ? S::sub(S::sub(v, m), factor) : S::mul(v, factor); };
        std::int64_t i = 0;
        for (; i + S::kLanes <= n; i += S::kLanes) S::store(y + i, finish(S::load(from + i)));
        const int left = static_cast<int>(n - i);
        if (left > 0) S::store_first(y + i, left, finish(S::load_first(from + i, left)));
    }
}

}  // namespace espalier::kernels
