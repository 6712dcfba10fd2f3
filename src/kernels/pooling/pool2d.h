#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/cpu_features.h"
#include "base/thread_pool.h"

namespace espalier::kernels {

/// A pooling window over NHWC activations. Made by make_pool2d(), which checks it.
struct Pool2d {
    std::int64_t batch = 1, height = 1, width = 1, channels = 1;
    std::int64_t kernel_height = 1, kernel_width = 1;
    std::int64_t stride_height = 1, stride_width = 1;
    std::int64_t dilation_height = 1, dilation_width = 1;
    std::int64_t pad_top = 0, pad_left = 0, pad_bottom = 0, pad_right = 0;
    bool ceil_mode = false;  ///< round the output extent up
    /// An average divides by the window clipped to the padded image (torch's default)
    bool count_include_pad = false;
    std::int64_t output_height = 0, output_width = 0;  ///< computed by make_pool2d()
};

/// Checks the window and fills in the output extents: floor or ceil of (in + pads - dilation (kernel - 1) -
/// 1) / stride, plus 1; with ceil_mode a last window that would start in the right padding is dropped, as
/// torch and ONNX do. Throws Error for empty extents, strides below 1, or padding larger than the kernel
/// allows.
Pool2d make_pool2d(Pool2d window);

/// y[n p q c] = max over the window of x[n h w c]; padding counts as -inf and NaN is
/// passed over.
void max_pool2d(const Pool2d& window, const float* x, float* y, ThreadPool& pool, Isa limit = best_isa());

/// The same of codes, with 0 for padding.
void max_pool2d_u8(const Pool2d& window, const std::uint8_t* x, std::uint8_t* y, ThreadPool& pool,
                   Isa limit = best_isa());

/// y[n p q c] = sum over the window of x[n h w c] / divisor; the divisor counts pixels of the window inside
/// the image, or inside the padded image with count_include_pad.
void average_pool2d(const Pool2d& window, const float* x, float* y, ThreadPool& pool, Isa limit = best_isa());

/// Work shared by all: `rows` output rows from row `first`, counted over batch * output_height.
struct PoolKernel {
    std::string_view name;
    Isa isa;
    void (*max)(const Pool2d& window, const float* x, float* y, std::int64_t first, std::int64_t rows);
    void (*average)(const Pool2d& window, const float* x, float* y, std::int64_t first, std::int64_t rows);
    void (*max_u8)(const Pool2d& window, const std::uint8_t* x, std::uint8_t* y, std::int64_t first,
                   std::int64_t rows);
};

/// All implementations, portable reference first.
std::span<const PoolKernel> pool_kernels();

/// Defined in the file compiled for each instruction set.
void run_max_pool_avx2(const Pool2d& window, const float* x, float* y, std::int64_t first, std::int64_t rows);
void run_max_pool_avx512(const Pool2d& window, const float* x, float* y, std::int64_t first,
                         std::int64_t rows);
void run_max_pool_u8_avx2(const Pool2d& window, const std::uint8_t* x, std::uint8_t* y, std::int64_t first,
                          std::int64_t rows);
void run_max_pool_u8_avx512(const Pool2d& window, const std::uint8_t* x, std::uint8_t* y, std::int64_t first,
                            std::int64_t rows);
void run_average_pool_avx2(const Pool2d& window, const float* x, float* y, std::int64_t first,
                           std::int64_t rows);
void run_average_pool_avx512(const Pool2d& window, const float* x, float* y, std::int64_t first,
                             std::int64_t rows);

}  // namespace espalier::kernels
