#pragma once

#include <cstdint>

#include "kernels/conv/conv2d_shape.h"

namespace espalier::kernels {

/// A walk over the output pixels of all images: only the start needs divisions, which cost as much as a tile.
struct OutputPixel {
    std::int64_t image, y, x;

    OutputPixel(std::int64_t index, std::int64_t out_h, std::int64_t out_w)
        : image(index / (out_h * out_w)), y(index / out_w % out_h), x(index % out_w) {}

    void advance(std::int64_t out_h, std::int64_t out_w) {
        if (++x < out_w) return;
        x = 0;
        if (++y < out_h) return;
        y = 0;
        ++image;
    }

    /// The input pixel that a pointwise convolution reads for it, over all images of h x w pixels.
    std::int64_t source(const Conv2dShape& shape, std::int64_t h, std::int64_t w) const {
        return (image * h + y * shape.stride_h) * w + x * shape.stride_w;
    }
};

}  // namespace espalier::kernels
