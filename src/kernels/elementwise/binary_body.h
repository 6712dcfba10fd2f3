#pragma once

#include "kernels/elementwise/binary.h"
#include "kernels/vector_math.h"

namespace espalier::kernels {

/// 0, or NaN where v is NaN: added to a result, it carries the NaN that a vector maximum drops.
template <class S>
ESPALIER_INLINE typename S::V nan_of(typename S::V v) {
    constexpr float kMost = 3.40282347e38f;
    return S::mul(S::min(S::set1(kMost), S::max(S::set1(-kMost), v)), S::zero());
}

/// Rows whose operands advance by A and B (0 or 1) per column.
template <class S, int A, int B, class F>
ESPALIER_INLINE void walk_rows(const BinaryRows& w, F&& f) {
    using V = typename S::V;
    for (std::int64_t r = 0; r < w.rows; ++r) {
        const float* a = w.a + r * w.a_row;
        const float* b = w.b + r * w.b_row;
        float* y = w.y + r * w.columns;
        const V a0 = S::set1(*a), b0 = S::set1(*b);
        std::int64_t c = 0;
        for (; c + S::kLanes <= w.columns; c += S::kLanes) {
            S::store(y + c, f(A ? S::load(a + c) : a0, B ? S::load(b + c) : b0));
        }
        const int left = static_cast<int>(w.columns - c);
        if (left > 0) {
            S::store_first(y + c, left,
                           f(A ? S::load_first(a + c, left) : a0, B ? S::load_first(b + c, left) : b0));
        }
    }
}

template <class S, class F>
ESPALIER_INLINE void dispatch_strides(const BinaryRows& w, F&& f) {
    if (w.a_column != 0 && w.b_column != 0) return walk_rows<S, 1, 1>(w, f);
    if (w.a_column != 0) return walk_rows<S, 1, 0>(w, f);
    if (w.b_column != 0) return walk_rows<S, 0, 1>(w, f);
    return walk_rows<S, 0, 0>(w, f);
}

/// binary() for the instruction set S; kPow goes through the reference.
template <class S>
void run_binary(Binary kind, const BinaryRows& w) {
    using V = typename S::V;
    switch (kind) {
        case Binary::kAdd:
            return dispatch_strides<S>(w, [](V a, V b) { return S::add(a, b); });
        case Binary::kSub:
            return dispatch_strides<S>(w, [](V a, V b) { return S::sub(a, b); });
        case Binary::kMul:
            return dispatch_strides<S>(w, [](V a, V b) { return S::mul(a, b); });
        case Binary::kDiv:
            return dispatch_strides<S>(w, [](V a, V b) { return S::div(a, b); });
        case Binary::kMax:
            return dispatch_strides<S>(w, [](V a, V b) { return S::add(S::max(a, b), nan_of<S>(a)); });
        case Binary::kMin:
            return dispatch_strides<S>(w, [](V a, V b) { return S::add(S::min(a, b), nan_of<S>(a)); });
        case Binary::kPow:
            return run_binary_portable(kind, w);
    }
}

}  // namespace espalier::kernels
