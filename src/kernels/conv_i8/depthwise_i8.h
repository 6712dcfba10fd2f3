#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/cpu_features.h"
#include "kernels/epilogue.h"
#include "kernels/gemm_i8/coded_ends.h"

namespace espalier::kernels {

/// Scratch memory of a depthwise kernel, aligned to 64 bytes.
inline constexpr std::size_t kDepthwiseScratchBytes = 65536;

/// One row of outputs of a depthwise convolution on u8 NHWC pixels:
///
///     acc[q][c] = sum over r < kernel_h, s < kernel_w of
///                 x(r, q * stride + s * dilation - left, c) * weights[(r * kernel_w + s) * channels + c]
///     x(r, column, c) = rows[r][column * channels + c] if 0 <= column < width, else zero_point
///     y[q][c]   = activation(fma(acc[q][c] - zero_point * sums[c], scale * scales[c], bias[c])
///                            + residual[q][c])
///
/// or, where `ends` has codes, what CodedEnds says. Every implementation gives equal bits up to the
/// activation.
struct DepthwiseI8 {
    const std::uint8_t* const* rows;  ///< kernel_h rows of `width` pixels
    std::int64_t width;
    std::int64_t left;  ///< padding before column 0
    std::int64_t kernel_h;
    std::int64_t kernel_w;
    std::int64_t stride;    ///< columns between neighbouring outputs
    std::int64_t dilation;  ///< columns between neighbouring taps
    std::int64_t pixels;
    std::int64_t channels;
    const std::int8_t* weights;
    const std::int8_t* words;  ///< the weights once more, as depthwise_words() lays them out; aligned to 64
    const std::int32_t* sums;
    const float* scales;
    float scale;
    std::int32_t zero_point;
    const float* bias;      ///< or null
    const float* residual;  ///< or null; same layout as y
    CodedEnds ends;         ///< same layout as y
    float* y;               ///< dense [pixels][channels]; null where ends.result is not
    Activation activation;
    float lo;
    float hi;
    void* scratch;  ///< kDepthwiseScratchBytes
};

/// Channels that share a vector of words.
inline constexpr std::int64_t kWordChannels = 16;

/// Bytes of depthwise_words().
std::size_t depthwise_words_bytes(std::int64_t channels, std::int64_t kernel_h, std::int64_t kernel_w);

/// Weights [kernel_h][kernel_w][channels] with four kernel rows of a channel next to each other, as vpdpbusd
/// wants them, zeros where there is no row or channel. With groups = kernel_h / 4 rounded up:
/// words[(((c / 16 * kernel_w + s) * groups + r / 4) * 16 + c % 16) * 4 + r % 4].
void depthwise_words(const std::int8_t* weights, std::int64_t channels, std::int64_t kernel_h,
                     std::int64_t kernel_w, std::int8_t* words);

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
