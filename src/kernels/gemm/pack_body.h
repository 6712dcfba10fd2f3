#pragma once

#include "kernels/gemm/pack_table.h"
#include "kernels/vector_math.h"

/// The packing kernels, written once; pack_portable.cpp, pack_avx2.cpp and pack_avx512.cpp instantiate them.
namespace espalier::kernels {

template <class S>
struct Pack {
    using V = typename S::V;
    static constexpr int kLanes = S::kLanes;

    static void transposed(const float* b, std::int64_t row, std::int64_t columns, std::int64_t k,
                           float alpha, float* panel, std::int64_t width) {
        const V factor = S::set1(alpha);
        for (std::int64_t j = 0; j < width; j += kLanes) {
            const std::int64_t left = columns - j;
            const int rows = left >= kLanes ? kLanes : static_cast<int>(left < 0 ? 0 : left);
            std::int64_t p = 0;
            for (; p + kLanes <= k; p += kLanes) {
                V square[kLanes];
#pragma GCC unroll 16
                for (int i = 0; i < kLanes; ++i) {
                    square[i] = i < rows ? S::mul(factor, S::load(b + (j + i) * row + p)) : S::zero();
                }
                S::transpose(square);
#pragma GCC unroll 16
                for (int i = 0; i < kLanes; ++i) S::store(panel + (p + i) * width + j, square[i]);
            }
            for (; p < k; ++p) {
                for (int i = 0; i < kLanes; ++i) {
                    panel[p * width + j + i] = i < rows ? alpha * b[(j + i) * row + p] : 0.0f;
                }
            }
        }
    }

    static void plain(const float* b, std::int64_t row, std::int64_t columns, std::int64_t k, float alpha,
                      float* panel, std::int64_t width) {
        const V factor = S::set1(alpha);
        for (std::int64_t p = 0; p < k; ++p) {
            const float* from = b + p * row;
            float* to = panel + p * width;
            std::int64_t j = 0;
            for (; j + kLanes <= columns; j += kLanes) S::store(to + j, S::mul(factor, S::load(from + j)));
            for (; j < width; j += kLanes) {
                const std::int64_t left = columns > j ? columns - j : 0;
                S::store(to + j, S::mul(factor, S::load_first(from + j, static_cast<int>(left))));
            }
        }
    }
};

}  // namespace espalier::kernels
