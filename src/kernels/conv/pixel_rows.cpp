#include "kernels/conv/pixel_rows.h"

#include <algorithm>
#include <array>

#include "kernels/gemm/partition.h"
#include "kernels/gemm/tile.h"

namespace espalier::kernels {
namespace {

/// The window of one output pixel: its first row and column in the image, negative inside the padding.
struct Window {
    const float* image;
    std::int64_t y;
    std::int64_t x;
};

}  // namespace

void PixelRows::fill(const PixelGrid& grid, const float* x, const float* zeros, bool merged,
                     std::int64_t first_pixel, std::int64_t pixels, int height) {
    if (height_ == height) return;
    height_ = height;
    tiles_.clear();
    pointers_.clear();
    const std::int64_t count = (pixels + height - 1) / height;
    for (std::int64_t tile = 0; tile < count; ++tile) {
        const std::int64_t begin = part_begin(pixels, count, tile);
        add_tile(grid, x, zeros, merged, first_pixel, begin, part_begin(pixels, count, tile + 1) - begin);
    }
}

void PixelRows::add_tile(const PixelGrid& grid, const float* x, const float* zeros, bool merged,
                         std::int64_t first_pixel, std::int64_t begin, std::int64_t rows) {
    const Conv2dShape& shape = grid.shape;
    std::array<Window, kMaxTileRows> windows;
    std::int64_t pixel = first_pixel + begin;
    std::int64_t column = pixel % grid.output_w;
    std::int64_t line = pixel / grid.output_w % grid.output_h;
    const float* image = x + pixel / grid.output_pixels() * grid.h * grid.w * shape.c_in;
    for (std::int64_t i = 0; i < rows; ++i) {
        Window& window = windows[static_cast<std::size_t>(i)];
        window = {image, line * shape.stride_h - shape.pad_top, column * shape.stride_w - shape.pad_left};
        merged = merged && window.x >= 0 && window.x + shape.kernel_w <= grid.w;
        if (++column < grid.output_w) continue;
        column = 0;
        if (++line < grid.output_h) continue;
        line = 0;
        image += grid.h * grid.w * shape.c_in;
    }
    // A merged kernel row reads further than `zeros` is long, so its lines must lie inside the image too.
    for (std::int64_t i = 0; merged && i < rows; ++i) {
        const Window& window = windows[static_cast<std::size_t>(i)];
        merged = window.y >= 0 && window.y + (shape.kernel_h - 1) * shape.dilation_h < grid.h;
    }
    tiles_.push_back({begin, rows, merged, pointers_.size()});
    const std::int64_t columns = merged ? 1 : shape.kernel_w;
    for (std::int64_t r = 0; r < shape.kernel_h; ++r) {
        for (std::int64_t s = 0; s < columns; ++s) {
            for (std::int64_t i = 0; i < rows; ++i) {
                const Window& window = windows[static_cast<std::size_t>(i)];
                const std::int64_t iy = window.y + r * shape.dilation_h;
                const std::int64_t ix = window.x + s * shape.dilation_w;
                const bool inside = iy >= 0 && iy < grid.h && ix >= 0 && ix < grid.w;
                pointers_.push_back(inside ? window.image + (iy * grid.w + ix) * shape.c_in : zeros);
            }
        }
    }
}

}  // namespace espalier::kernels
