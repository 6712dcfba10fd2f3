#pragma once

#include <cstdint>
#include <vector>

#include "kernels/conv/conv2d_shape.h"

namespace espalier::kernels {

/// A convolution over an input of h x w pixels.
struct PixelGrid {
    Conv2dShape shape;
    std::int64_t h;
    std::int64_t w;
    std::int64_t output_h = shape.output_h(h);
    std::int64_t output_w = shape.output_w(w);

    std::int64_t output_pixels() const { return output_h * output_w; }
};

/// Some consecutive output pixels that one register tile computes.
struct PixelTile {
    std::int64_t first;  ///< counted from the first pixel of the block
    std::int64_t rows;
    bool merged;  ///< pointers name kernel rows, whose taps follow each other in memory
    std::size_t offset;
};

/// Pointers to the input pixels under every tap of a block of output pixels: for each tile, [tap][row].
/// Kept from panel to panel while the tiles have the same height.
class PixelRows {
  public:
    /// Pixels are counted over the whole batch. A tap outside of the image points to `zeros`. Where `merged`
    /// is allowed, tiles whose windows lie within the columns of the image get one pointer per kernel row.
    void fill(const PixelGrid& grid, const float* x, const float* zeros, bool merged,
              std::int64_t first_pixel, std::int64_t pixels, int height);

    const std::vector<PixelTile>& tiles() const { return tiles_; }
    const float* const* pointers(const PixelTile& tile) const { return pointers_.data() + tile.offset; }

  private:
    void add_tile(const PixelGrid& grid, const float* x, const float* zeros, bool merged,
                  std::int64_t first_pixel, std::int64_t begin, std::int64_t rows);

    int height_ = 0;
    std::vector<PixelTile> tiles_;
    std::vector<const float*> pointers_;
};

}  // namespace espalier::kernels
