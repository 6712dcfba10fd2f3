#pragma once

#include <cstdint>
#include <span>

#include "base/thread_pool.h"
#include "kernels/conv/conv2d_shape.h"
#include "kernels/quantize/affine.h"

namespace espalier::kernels {

/// u8 NHWC images whose padding is in memory.
struct PaddedImages {
    const std::uint8_t* data;
    std::int64_t image_bytes;
    std::int64_t row_bytes;
    std::int64_t pixel_bytes;

    /// Address of pixel (y, x) of the padded image.
    const std::uint8_t* pixel(std::int64_t image, std::int64_t y, std::int64_t x) const {
        return data + image * image_bytes + y * row_bytes + x * pixel_bytes;
    }
};

/// Copies n images into shared scratch memory, surrounded by the padding of `shape` filled with each image's
/// zero point. Reading 3 bytes past the last row is allowed.
PaddedImages pad_images(const Conv2dShape& shape, std::int64_t n, std::int64_t h, std::int64_t w,
                        const std::uint8_t* x, std::span<const Affine> affines, ThreadPool& pool);

}  // namespace espalier::kernels
