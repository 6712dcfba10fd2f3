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

/// Where a tile goes: straight to c, or through a buffer when an activation has to be applied afterwards. The
/// buffer is written in whole vectors: a masked store cannot be forwarded to the load that follows it.
struct TileTarget {
    float* data;
    std::int64_t stride;
    bool buffered;
};

/// Applies the activation on the way from the buffer, which is in L1, to c: unrolling it over the
/// accumulators of every tile height would cost hundreds of kilobytes of code.
template <class S>
void activate_rows(const TileI8& tile, const TileTarget& from, int rows) {
    float* const c = tile.c;
    const std::int64_t ldc = tile.ldc;
    const int columns = tile.columns;
    with_activation(tile.activation, [&]<Activation A>() {
        for (int i = 0; i < rows; ++i) {
            const float* x = from.data + i * from.stride;
            float* y = c + i * ldc;
            for (int j = 0; j < columns; j += S::kLanes) {
                const auto value = Math<S>::template activate<A>(S::load(x + j), S::zero(), S::zero());
                if (columns - j >= S::kLanes) {
                    S::store(y + j, value);
                } else {
                    S::store_first(y + j, columns - j, value);
                }
            }
        }
    });
}

}  // namespace espalier::kernels
