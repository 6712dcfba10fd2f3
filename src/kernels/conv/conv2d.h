#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/cpu_features.h"
#include "base/thread_pool.h"
#include "kernels/conv/conv2d_shape.h"
#include "kernels/epilogue.h"
#include "kernels/packed_memory.h"

namespace espalier::kernels {

/// A convolution made ready to run: the algorithm that fits its shape, and the weights packed for it.
class Conv2dKernel {
  public:
    virtual ~Conv2dKernel() = default;
    /// Algorithm and instruction set, for example "conv_1x1/avx512".
    virtual std::string name() const = 0;
    virtual std::size_t size_bytes() const = 0;
    /// Whether it gives row codes where its epilogue has a place for them.
    virtual bool gives_row_codes() const { return false; }
    virtual void run(std::int64_t n, std::int64_t h, std::int64_t w, const float* x, float* y,
                     const Epilogue& epilogue, ThreadPool& pool) const = 0;
};

/// The packed weights of a convolution. Copies share memory.
class PackedConvF32 {
  public:
    PackedConvF32() = default;
    PackedConvF32(const Conv2dShape& shape, std::shared_ptr<const Conv2dKernel> kernel)
        : shape_(shape), kernel_(std::move(kernel)) {}

    const Conv2dShape& shape() const { return shape_; }
    const Conv2dKernel& kernel() const { return *kernel_; }
    std::string kernel_name() const { return kernel_->name(); }
    std::size_t size_bytes() const { return kernel_->size_bytes(); }

  private:
    Conv2dShape shape_;
    std::shared_ptr<const Conv2dKernel> kernel_;
};

/// What pack_conv2d_f32 may choose from, and for what.
struct Conv2dChoice {
    Isa isa = best_isa();
    /// The input that will usually come, n images of h x w pixels; 0 where unknown. Any input gives right
    /// results.
    std::int64_t n = 1;
    std::int64_t h = 0;
    std::int64_t w = 0;
    /// Allows Winograd's filtering where it should be faster for that input: its rounding error is larger
    /// than that of the direct sum (see winograd.h), and its weights take 16 / 9 or 4 times the memory.
    bool winograd = true;
    /// The output tile of Winograd's filtering, 2 or 4, or 0 for none, instead of the one that should be
    /// fastest; 0 where it does not apply (winograd_applies()).
    std::optional<int> tile = {};
    /// Where the packed weights lie; new memory if null. Those of depthwise convolutions lie elsewhere.
    PackedMemory* memory = nullptr;
};

/// Packs weights[c_out][c_in / groups][kernel_h][kernel_w] for the algorithm that measures best for the
/// shape. They are not read where the choice's memory is packed. Throws Error when the shape is not valid.
PackedConvF32 pack_conv2d_f32(const Conv2dShape& shape, const float* weights,
                              const Conv2dChoice& choice = {});

/// y[b][oy][ox][o] = activation(bias[o] + residual[b][oy][ox][o] + sum over i, r, s of
///     x[b][oy * stride_h - pad_top + r * dilation_h][ox * stride_w - pad_left + s * dilation_w][g *
///     c_in/groups + i]
///     * weights[o][i][r][s]),   g = o / (c_out / groups), x = 0 outside of its h x w pixels.
/// x is dense NHWC [n][h][w][c_in], y (and residual) dense [n][output_h(h)][output_w(w)][c_out]; no alignment
/// needed; y must not overlap x. n may be 0. Some kernels give row codes, a row being a pixel.
/// Throws Error where the window does not fit the image.
void conv2d_f32(const PackedConvF32& packed, std::int64_t n, std::int64_t h, std::int64_t w, const float* x,
                float* y, const Epilogue& epilogue, ThreadPool& pool);

}  // namespace espalier::kernels
