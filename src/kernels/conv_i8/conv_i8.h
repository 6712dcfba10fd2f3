#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/cpu_features.h"
#include "base/thread_pool.h"
#include "kernels/conv/conv2d_shape.h"
#include "kernels/epilogue.h"
#include "kernels/gemm_i8/coded_ends.h"
#include "kernels/gemm_i8/panels_i8.h"
#include "kernels/quantize/affine.h"

namespace espalier::kernels {

/// The symmetric s8 weights of a convolution, packed once; the layout serves every instruction set.
class PackedConvI8 {
  public:
    PackedConvI8() = default;

    const Conv2dShape& shape() const { return shape_; }
    /// One matrix per group; empty for a depthwise convolution.
    const std::vector<PanelsI8>& groups() const { return groups_; }
    /// The window of a kernel row is one run of bytes: thin inputs (a stem's 3 channels) are copied into
    /// padded rows first, instead of padding every tap to 4 channels.
    bool row_taps() const { return row_taps_; }
    /// Depthwise weights [taps][channels], the scale and the weight sum of every channel.
    const std::vector<std::int8_t>& depthwise() const { return depthwise_; }
    /// The same weights as depthwise_words() lays them out.
    const Tensor& depthwise_words() const { return words_; }
    const std::vector<float>& scales() const { return scales_; }
    const std::vector<std::int32_t>& depthwise_sums() const { return sums_; }
    std::size_t size_bytes() const;
    /// For example "conv_i8/avx512vnni" or "depthwise_i8/avx512".
    const char* kernel_name(Isa limit = best_isa()) const;

  private:
    friend PackedConvI8 pack_conv2d_i8(const Conv2dShape&, const std::int8_t*, std::span<const float>,
                                       PackedMemory*);
    void pack_depthwise(const std::int8_t* weights, std::span<const float> scales);

    Conv2dShape shape_;
    std::vector<PanelsI8> groups_;
    bool row_taps_ = false;
    std::vector<std::int8_t> depthwise_;
    Tensor words_;
    std::vector<float> scales_;
    std::vector<std::int32_t> sums_;
};

/// Packs weights[c_out][c_in / groups][kernel_h][kernel_w]. `scales` has one scale per output channel, or one
/// for all. Throws Error when the shape is not valid, the depth of the product exceeds kI8MaxDepth, or the
/// number of scales is wrong.
PackedConvI8 pack_conv2d_i8(const Conv2dShape& shape, const std::int8_t* weights,
                            std::span<const float> scales, PackedMemory* memory = nullptr);

/// y[b][oy][ox][o] = activation(fma(acc, scale_b * scale_o, bias[o]) + residual[b][oy][ox][o]),
/// acc = sum over i, r, s of (x[b][oy * stride_h - pad_top + r * dilation_h][ox * stride_w - pad_left
///       + s * dilation_w][g * c_in/groups + i] - zero_point_b) * w[o][i][r][s],   g = o / (c_out / groups).
/// Pixels outside of the image count as its zero point, that is as exactly 0. acc is exact.
/// x is dense u8 NHWC [n][h][w][c_in] with one Affine per image, or one for all when `affines` has one entry,
/// or, where the window is one pixel, one per pixel; y and residual are dense NHWC; no alignment needed; y
/// must not overlap x. n may be 0.
/// Where `ends` has codes, residual and y are what it says, and y may be null. Gives row codes, a row being a
/// pixel, if there is one group and ends has no codes of a result.
/// Throws Error where the window does not fit the image or the number of affines is none of these.
void conv2d_u8s8(const PackedConvI8& weights, std::int64_t n, std::int64_t h, std::int64_t w,
                 const std::uint8_t* x, std::span<const Affine> affines, float* y, const Epilogue& epilogue,
                 ThreadPool& pool, Isa limit = best_isa(), const CodedEnds& ends = {});

}  // namespace espalier::kernels
