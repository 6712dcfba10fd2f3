#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/cpu_features.h"
#include "kernels/epilogue.h"

namespace espalier::kernels {

/// Some output pixels next to each other, all channels:
///
///     y[i][c] = activation(bias[c] + residual[i][c] + sum over r < inputs, s < K of
///                          x[r][(i * stride + s) * channels + c] * weights[r][s * channels + c])
///
/// for i < P pixels, where K, the stride and P belong to the function. Kernel rows outside of the image are
/// left out of the lists.
struct DepthwiseTask {
    const float* const* x;
    const float* const* weights;
    std::int64_t inputs;
    std::int64_t channels;
    float* y;
    const float* bias;      ///< or null
    const float* residual;  ///< or null
    Activation activation;
    float lo;
    float hi;
};

using DepthwiseFunction = void (*)(const DepthwiseTask&);

constexpr int kDepthwisePixels = 8;

struct DepthwiseTable {
    const char* name;
    Isa isa;
    /// The most pixels of one call, for kernels 3, 5 and 7 wide.
    std::array<int, 3> pixels;
    /// row[(K - 3) / 2][stride - 1][P - 1]
    std::array<std::array<std::array<DepthwiseFunction, kDepthwisePixels>, 2>, 3> row;
    /// One pixel from a list of single taps (K = 1): borders, and any kernel that `row` does not cover.
    DepthwiseFunction pixel;
};

/// All tables, least capable first; those above best_isa() must not be called.
std::span<const DepthwiseTable* const> depthwise_tables();

/// The best table that needs nothing beyond `isa`.
const DepthwiseTable& depthwise_table(Isa isa);

extern const DepthwiseTable kDepthwisePortable;
extern const DepthwiseTable kDepthwiseAvx2;
extern const DepthwiseTable kDepthwiseAvx512;

}  // namespace espalier::kernels
