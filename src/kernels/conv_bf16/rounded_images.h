#pragma once

#include <cstddef>
#include <cstdint>

#include "base/thread_pool.h"
#include "kernels/conv/conv2d_shape.h"
#include "kernels/gemm_bf16/tile_bf16.h"

namespace espalier::kernels {

/// Images [n][rows][columns][c_in] in the form that a kernel multiplies, with their padding written out:
/// every window lies inside. The memory is the calling thread's Scratch::kShared.
struct RoundedImages {
    const std::byte* data;
    std::int64_t output_h;
    std::int64_t output_w;
    std::int64_t image_bytes;
    std::int64_t row_bytes;
    std::int64_t pixel_bytes;

    /// Row and column count from the corner of the padding.
    const std::byte* pixel(std::int64_t image, std::int64_t row, std::int64_t column) const {
        return data + image * image_bytes + row * row_bytes + column * pixel_bytes;
    }
};

/// Bytes of one such image of h x w pixels. Throws Error where the window does not fit.
std::int64_t rounded_image_bytes(const Conv2dShape& s, std::int64_t h, std::int64_t w,
                                 const TileBF16Kernel& kernel);

/// Rounds x, dense NHWC [n][h][w][c_in].
RoundedImages round_images(const Conv2dShape& s, std::int64_t n, std::int64_t h, std::int64_t w,
                           const float* x, const TileBF16Kernel& kernel, ThreadPool& pool);

}  // namespace espalier::kernels
