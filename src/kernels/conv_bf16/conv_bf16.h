#pragma once

#include <cstdint>
#include <vector>

#include "base/thread_pool.h"
#include "kernels/conv/conv2d_shape.h"
#include "kernels/epilogue.h"
#include "kernels/gemm_bf16/panels_bf16.h"

namespace espalier::kernels {

/// The bf16 weights of a convolution, packed once; the layout serves every instruction set.
class PackedConvBF16 {
  public:
    PackedConvBF16() = default;
    PackedConvBF16(const Conv2dShape& shape, std::vector<PanelsBF16> groups)
        : shape_(shape), groups_(std::move(groups)) {}

    const Conv2dShape& shape() const { return shape_; }
    /// One matrix per group.
    const std::vector<PanelsBF16>& groups() const { return groups_; }
    std::size_t size_bytes() const;

  private:
    Conv2dShape shape_;
    std::vector<PanelsBF16> groups_;
};

/// Packs weights[c_out][c_in / groups][kernel_h][kernel_w], bf16 bit patterns. Throws Error when the shape is
/// not valid.
PackedConvBF16 pack_conv2d_bf16(const Conv2dShape& shape, const std::uint16_t* weights,
                                PackedMemory* memory = nullptr);

/// y[b][oy][ox][o] = activation(bias[o] + residual[b][oy][ox][o] + sum over i, r, s of
///     bf16(x[b][oy * stride_h - pad_top + r * dilation_h][ox * stride_w - pad_left + s * dilation_w]
///           [g * c_in/groups + i]) * weights[o][i][r][s]),   g = o / (c_out / groups),
/// where bf16() rounds to the nearest, ties to even, x = 0 outside of its h x w pixels, and the sum is in
/// f32. x is dense NHWC [n][h][w][c_in], y (and residual) dense [n][output_h(h)][output_w(w)][c_out]; no
/// alignment needed; y must not overlap x. n may be 0. Throws Error where the window does not fit the image.
void conv2d_bf16(const PackedConvBF16& weights, std::int64_t n, std::int64_t h, std::int64_t w,
                 const float* x, float* y, const Epilogue& epilogue, ThreadPool& pool,
                 const TileBF16Kernel& kernel = bf16_kernel());

}  // namespace espalier::kernels
