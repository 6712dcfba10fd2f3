#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/cpu_features.h"
#include "kernels/epilogue.h"

namespace espalier::kernels {

/// A run of `pixels` neighbouring outputs of a depthwise convolution on u8 NHWC pixels, all of whose taps lie
/// in (padded) memory:
///
///     acc[q][c] = sum over t < taps of  rows[t][q * step + c] * weights[t * channels + c]
///     y[q][c]   = activation(fma(acc[q][c] - zero_point * sums[c], scale * scales[c], bias[c])
///                            + residual[q][c])
///
/// Every implementation gives equal bits up to the activation.
struct DepthwiseI8 {
    const std::uint8_t* const* rows;  ///< one pointer per tap, to the tap of output 0
    std::int64_t taps;
    std::int64_t step;  ///< bytes between the taps of neighbouring outputs
    std::int64_t pixels;
    std::int64_t channels;
    const std::int8_t* weights;
    const std::int32_t* sums;
    const float* scales;
    float scale;
    std::int32_t zero_point;
    const float* bias;      ///< or null
    const float* residual;  ///< or null; same layout as y
    float* y;               ///< dense [pixels][channels]
    Activation activation;
    float lo;
    float hi;
};

/// One implementation.
struct DepthwiseI8Kernel {
    const char* name;
    Isa isa;
    void (*run)(const DepthwiseI8& work);
};

/// All implementations, portable reference first.
std::span<const DepthwiseI8Kernel> depthwise_i8_kernels();

void run_depthwise_i8_portable(const DepthwiseI8& work);
void run_depthwise_i8_avx2(const DepthwiseI8& work);
void run_depthwise_i8_avx512vnni(const DepthwiseI8& work);

/// The reference for channels [first, channels), which a vector kernel leaves over.
void run_depthwise_i8_channels(const DepthwiseI8& work, std::int64_t first);

}  // namespace espalier::kernels
