#pragma once

#include "kernels/normalization/layer_norm.h"
#include "kernels/vector_math.h"

namespace espalier::kernels {

/// Sum over c < n of f(x[c]) in four independent chains, which hide the latency of an addition.
/// f must give 0 for the lanes that `left` says do not exist.
template <class S, class F>
ESPALIER_INLINE float sum_of(const float* x, std::int64_t n, F&& f) {
    using V = typename S::V;
    V s0 = S::zero(), s1 = S::zero(), s2 = S::zero(), s3 = S::zero();
    std::int64_t c = 0;
    for (; c + 4 * S::kLanes <= n; c += 4 * S::kLanes) {
        s0 = f(s0, S::load(x + c));
        s1 = f(s1, S::load(x + c + S::kLanes));
        s2 = f(s2, S::load(x + c + 2 * S::kLanes));
        s3 = f(s3, S::load(x + c + 3 * S::kLanes));
    }
    for (; c + S::kLanes <= n; c += S::kLanes) s0 = f(s0, S::load(x + c));
    return S::sum(S::add(S::add(s0, s1), S::add(s2, s3)));
}

/// layer_norm() for the instruction set S.
template <class S>
void run_layer_norm(const LayerNorm& norm, const float* x, float* y) {
    using V = typename S::V;
    const std::int64_t n = norm.columns;
    const std::int64_t whole = n / S::kLanes * S::kLanes;
    const int left = static_cast<int>(n - whole);
    const float inverse_n = 1.0f / static_cast<float>(n);
    for (std::int64_t r = 0; r < norm.rows; ++r, x += n, y += n) {
        float sum = sum_of<S>(x, n, [](V s, V v) { return S::add(s, v); });
        if (left > 0) sum += S::sum(S::load_first(x + whole, left));
        const float mean = sum * inverse_n;
        const V m = S::set1(mean);
        float squares = sum_of<S>(x, n, [&](V s, V v) {
            const V d = S::sub(v, m);
            return S::fma(d, d, s);
        });
        for (std::int64_t c = whole; c < n; ++c) squares += (x[c] - mean) * (x[c] - mean);
        const float deviation = __builtin_sqrtf(squares * inverse_n + norm.epsilon);
        const V scale = S::set1(1.0f / deviation);
        const auto finish = [&](V v, V gamma, V beta) {
            return S::fma(S::mul(S::sub(v, m), scale), gamma, beta);
        };
        const V one = S::set1(1.0f), zero = S::zero();
        for (std::int64_t c = 0; c < whole; c += S::kLanes) {
            S::store(y + c, finish(S::load(x + c), norm.gamma ? S::load(norm.gamma + c) : one,
                                   norm.beta ? S::load(norm.beta + c) : zero));
        }
        if (left > 0) {
            S::store_first(y + whole, left,
                           finish(S::load_first(x + whole, left),
                                  norm.gamma ? S::load_first(norm.gamma + whole, left) : one,
                                  norm.beta ? S::load_first(norm.beta + whole, left) : zero));
        }
    }
}

}  // namespace espalier::kernels
