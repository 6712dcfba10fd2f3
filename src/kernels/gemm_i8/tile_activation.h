#pragma once

#include "kernels/gemm_i8/tile_i8.h"
#include "kernels/vector_math.h"

namespace espalier::kernels {

/// Bounds that a tile applies to every value in registers.
struct ClipBounds {
    float lo;
    float hi;
};

/// kRelu and kClip as bounds; infinite for every other activation.
ESPALIER_INLINE ClipBounds clip_bounds(const TileI8& t) {
    constexpr float kInfinity = __builtin_inff();
    if (t.activation == Activation::kRelu) return {0, kInfinity};
    if (t.activation == Activation::kClip) return {t.lo, t.hi};
    return {-kInfinity, kInfinity};
}

/// True for the activations that are not bounds.
ESPALIER_INLINE bool needs_activation_pass(Activation activation) {
    return activation != Activation::kNone && activation != Activation::kRelu &&
           activation != Activation::kClip;
}

/// Applies the activation to the stored tile, which is in L1: unrolling it over the accumulators of every
/// tile height would cost hundreds of kilobytes of code.
template <class S>
void activate_rows(const TileI8& t, int rows) {
    with_activation(t.activation, [&]<Activation A>() {
        for (int i = 0; i < rows; ++i) {
            float* row = t.c + i * t.ldc;
            for (int j = 0; j < t.columns; j += S::kLanes) {
                const int left = t.columns - j;
                if (left >= S::kLanes) {
                    S::store(row + j, Math<S>::template activate<A>(S::load(row + j), S::zero(), S::zero()));
                } else {
                    S::store_first(
                        row + j, left,
                        Math<S>::template activate<A>(S::load_first(row + j, left), S::zero(), S::zero()));
                }
            }
        }
    });
}

}  // namespace espalier::kernels
