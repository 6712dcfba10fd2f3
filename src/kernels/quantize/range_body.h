#pragma once

#include "kernels/quantize/quantize_kernel.h"
#include "kernels/vector_math.h"

namespace espalier::kernels {

/// QuantizeKernel::range for the instruction set S: min(v, acc) keeps acc where v is NaN.
template <class S>
Range find_range_vectors(const float* x, std::int64_t n) {
    constexpr float kInfinity = __builtin_inff();
    auto low0 = S::set1(kInfinity), low1 = low0, high0 = S::set1(-kInfinity), high1 = high0;
    std::int64_t i = 0;
    for (; i + 2 * S::kLanes <= n; i += 2 * S::kLanes) {
        const auto v0 = S::load(x + i), v1 = S::load(x + i + S::kLanes);
        low0 = S::min(v0, low0);
        high0 = S::max(v0, high0);
        low1 = S::min(v1, low1);
        high1 = S::max(v1, high1);
    }
    const auto zero = S::zero();
    Range r{-S::largest(S::sub(zero, S::min(low0, low1))), S::largest(S::max(high0, high1))};
    for (; i < n; ++i) {
        if (x[i] < r.min) r.min = x[i];
        if (x[i] > r.max) r.max = x[i];
    }
    return r;
}

}  // namespace espalier::kernels
