#pragma once

#include "kernels/attention/softmax_table.h"
#include "kernels/vector_math.h"

/// The softmax kernels, written once; softmax_portable.cpp, softmax_avx2.cpp and softmax_avx512.cpp
/// instantiate them.
namespace espalier::kernels {

template <class S>
struct SoftmaxRow {
    using V = typename S::V;
    static constexpr int kLanes = S::kLanes;

    static float exponentials(float* row, const float* bias, std::int64_t n) {
        const std::int64_t whole = n / kLanes * kLanes;
        const int rest = static_cast<int>(n - whole);
        const V least = S::set1(-__builtin_inff());
        V most = least;
        if (bias) {
            for (std::int64_t j = 0; j < whole; j += kLanes) {
                S::store(row + j, S::add(S::load(row + j), S::load(bias + j)));
            }
            for (std::int64_t j = whole; j < n; ++j) row[j] += bias[j];
        }
        for (std::int64_t j = 0; j < whole; j += kLanes) most = S::max(most, S::load(row + j));
        float largest = S::largest(most);
        for (std::int64_t j = whole; j < n; ++j) largest = row[j] > largest ? row[j] : largest;

        const V shift = S::set1(largest);
        V sum = S::zero();
        for (std::int64_t j = 0; j < whole; j += kLanes) {
            const V e = Math<S>::exp(S::sub(S::load(row + j), shift));
            S::store(row + j, e);
            sum = S::add(sum, e);
        }
        float total = S::sum(sum);
        if (rest > 0) {
            float last[kLanes];
            S::store(last, Math<S>::exp(S::sub(S::load_first(row + whole, rest), shift)));
            for (int j = 0; j < rest; ++j) {
                row[whole + j] = last[j];
                total += last[j];
            }
        }
        return total;
    }

    static void scale(float* row, float factor, std::int64_t n) {
        const V factors = S::set1(factor);
        std::int64_t j = 0;
        for (; j + kLanes <= n; j += kLanes) S::store(row + j, S::mul(factors, S::load(row + j)));
        for (; j < n; ++j) row[j] *= factor;
    }
};

}  // namespace espalier::kernels
