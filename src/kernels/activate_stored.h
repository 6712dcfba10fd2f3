#pragma once

#include <cstdint>

#include "kernels/vector_math.h"

namespace espalier::kernels {

/// Applies an activation to rows just stored and still in cache: those that need more registers than a kernel
/// leaves free.
template <class S>
__attribute__((noinline)) void activate_stored(float* c, std::int64_t ldc, std::int64_t rows,
                                               std::int64_t columns, Activation activation, float lo,
                                               float hi) {
    with_activation(activation, [&]<Activation A>() {
        const auto low = S::set1(lo), high = S::set1(hi);
        for (std::int64_t i = 0; i < rows; ++i) {
            float* row = c + i * ldc;
            std::int64_t j = 0;
            for (; j + S::kLanes <= columns; j += S::kLanes) {
                S::store(row + j, Math<S>::template activate<A>(S::load(row + j), low, high));
            }
            if (const int rest = static_cast<int>(columns - j); rest > 0) {
                S::store_first(row + j, rest,
                               Math<S>::template activate<A>(S::load_first(row + j, rest), low, high));
            }
        }
    });
}

/// The activations that are a minimum of a maximum, which kernels apply in registers, as bounds.
template <class S>
struct Clamp {
    typename S::V lo;
    typename S::V hi;
    bool needed;  ///< false for kNone and for what activate_stored() must do
    bool stored;  ///< activate_stored() must follow

    ESPALIER_INLINE Clamp(Activation activation, float low, float high)
        : lo(S::set1(activation == Activation::kClip ? low : 0.0f)),
          hi(S::set1(activation == Activation::kClip ? high : __builtin_inff())),
          needed(activation == Activation::kRelu || activation == Activation::kClip),
          stored(!needed && activation != Activation::kNone) {}

    ESPALIER_INLINE typename S::V operator()(typename S::V x) const { return S::min(hi, S::max(lo, x)); }
};

}  // namespace espalier::kernels
