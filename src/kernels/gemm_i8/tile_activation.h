#pragma once

#include "kernels/gemm_i8/tile_i8.h"
#include "kernels/vector_math.h"

namespace espalier::kernels {

/// The buffer that a tile goes through when an activation has to be applied afterwards. It is written in
/// whole vectors: a masked store cannot be forwarded to the load that follows it.
struct TileTarget {
    float* data;
    std::int64_t stride;
    bool buffered;  ///< else straight to its destination
};

/// Applies the activation on the way from the buffer, which is in L1, to c or to codes: unrolling it over the
/// accumulators of every tile height would cost hundreds of kilobytes of code. store_codes(to, value, count)
/// stores the first `count` lanes of a vector as codes.
template <class S, typename StoreCodes>
void activate_rows(const TileI8& tile, const TileTarget& from, int rows, StoreCodes&& store_codes) {
    float* const c = tile.c;
    std::uint8_t* const codes = tile.ends.result;
    const std::int64_t ldc = tile.ldc;
    const int columns = tile.columns;
    with_activation(tile.activation, [&]<Activation A>() {
        for (int i = 0; i < rows; ++i) {
            const float* x = from.data + i * from.stride;
            for (int j = 0; j < columns; j += S::kLanes) {
                const auto value = Math<S>::template activate<A>(S::load(x + j), S::zero(), S::zero());
                const int count = columns - j < S::kLanes ? columns - j : S::kLanes;
                if (codes) {
                    store_codes(codes + i * ldc + j, value, count);
                } else if (count == S::kLanes) {
                    S::store(c + i * ldc + j, value);
                } else {
                    S::store_first(c + i * ldc + j, count, value);
                }
            }
        }
    });
}

}  // namespace espalier::kernels
