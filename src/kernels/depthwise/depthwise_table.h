#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/cpu_features.h"
#include "kernels/epilogue.h"

namespace espalier::kernels {

/// A rectangle of output pixels, all channels, from consecutive input lines; channels mix within groups of G:
///
///     y[o][i][c] = activation(bias[c] + residual[o][i][c] + sum over j < G, r, s < K of
///                      x[o * stride + r][(first_column + i * stride + s) * channels + c - c % G + j]
///                      * weights[((j * K + r) * K + s) * channels + c])
///
/// for o < R lines and i < P pixels, where K, the stride, R and P belong to the function and G is 1 unless it
/// is one for groups; a null line of x and columns outside of [0, width) are zero.
struct DepthwiseTask {
    const float* const* x;  ///< (R - 1) * stride + K lines
    const float* weights;
    std::int64_t group;         ///< G, a divisor of the lanes of a vector and of channels
    const std::int32_t* picks;  ///< [G][lanes]: lane i takes input i - i % G + j
    std::int64_t channels;
    std::int64_t first_column;  ///< above -K; the last column is below width + K
    std::int64_t width;
    float* y;
    std::int64_t line;      ///< floats from one line of y and of residual to the next
    const float* bias;      ///< or null
    const float* residual;  ///< or null
    Activation activation;
    float lo;
    float hi;
};

/// One output pixel from a list of single taps, for kernels that no rectangle covers:
/// y[c] = activation(bias[c] + residual[c] + sum over t < taps of x[t][c] * weights[t][c]).
struct DepthwiseTaps {
    const float* const* x;
    const float* const* weights;
    std::int64_t taps;
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
constexpr int kDepthwiseLines = 3;
constexpr int kDepthwiseInputLines = (kDepthwiseLines - 1) * 2 + 7;

/// The rectangles of one kernel width and stride: run[o - 1][i - 1] computes o lines of i pixels.
struct DepthwiseTiles {
    int lines;
    int pixels;
    std::array<std::array<DepthwiseFunction, kDepthwisePixels>, kDepthwiseLines> run;
};

struct DepthwiseTable {
    const char* name;
    Isa isa;
    /// tiles[(K - 3) / 2][stride - 1]
    std::array<std::array<DepthwiseTiles, 2>, 3> tiles;
    /// The same for groups of several channels and K = 3.
    std::array<DepthwiseTiles, 2> grouped;
    int lanes;
    void (*taps)(const DepthwiseTaps&);
};

/// All tables, least capable first; those above best_isa() must not be called.
std::span<const DepthwiseTable* const> depthwise_tables();

/// The best table that needs nothing beyond `isa`.
const DepthwiseTable& depthwise_table(Isa isa);

extern const DepthwiseTable kDepthwisePortable;
extern const DepthwiseTable kDepthwiseAvx2;
extern const DepthwiseTable kDepthwiseAvx512;

}  // namespace espalier::kernels
