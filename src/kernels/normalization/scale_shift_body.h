#pragma once

#include "kernels/normalization/batch_norm.h"
#include "kernels/vector_math.h"

namespace espalier::kernels {

/// scale_shift() for the instruction set S.
template <class S>
void run_scale_shift(const float* x, std::int64_t rows, std::int64_t channels, const float* alpha,
                     const float* beta, float* y) {
    for (std::int64_t r = 0; r < rows; ++r, x += channels, y += channels) {
        std::int64_t c = 0;
        for (; c + S::kLanes <= channels; c += S::kLanes) {
            S::store(y + c, S::add(S::mul(S::load(x + c), S::load(alpha + c)), S::load(beta + c)));
        }
        const int left = static_cast<int>(channels - c);
        if (left > 0) {
            const auto scaled = S::mul(S::load_first(x + c, left), S::load_first(alpha + c, left));
            S::store_first(y + c, left, S::add(scaled, S::load_first(beta + c, left)));
        }
    }
}

}  // namespace espalier::kernels
