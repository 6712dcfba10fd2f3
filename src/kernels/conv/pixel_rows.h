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
    /// How the taps of a kernel row are reached.
    enum class Merging {
        kNever,   ///< one pointer per tap
        kInside,  ///< one per kernel row in tiles whose windows lie within the columns of the image
        kAlways,  ///< one per kernel row; windows over the edge of the image are copied with their padding
    };

    /// Pixels are counted over the whole batch. A tap outside of the image points to `zeros`, as long as one
    /// pointer's run of floats.
    void fill(const PixelGrid& grid, const float* x, const float* zeros, Merging merging,
              std::int64_t first_pixel, std::int64_t pixels, int height);

    const std::vector<PixelTile>& tiles() const { return tiles_; }
    const float* const* pointers(const PixelTile& tile) const { return pointers_.data() + tile.offset; }

  private:
    /// An output pixel: the image it reads, its line and column.
    struct Position {
        const float* image;
        std::int64_t line;
        std::int64_t column;
    };

    void find_inner_columns();
    bool is_inner(Position position, std::int64_t rows) const;
    void advance(Position& position, std::int64_t pixels) const;
    /// The next `run` pixels of one line; to[tap * rows] belongs to the first of them.
    void point_to_rows(const Position& position, std::int64_t run, const float** to, std::int64_t rows);
    void point_to_taps(const Position& position, std::int64_t run, const float** to, std::int64_t rows);
    void copy_edge(const Position& position, std::int64_t column, const float** to, std::int64_t rows);

    int height_ = 0;
    const PixelGrid* grid_ = nullptr;
    const float* zeros_ = nullptr;
    std::int64_t first_inner_ = 0;  ///< output columns [first, last) see no padding to the left or right
    std::int64_t last_inner_ = 0;
    std::vector<PixelTile> tiles_;
    std::vector<const float*> pointers_;
    std::vector<float> edges_;  ///< copied windows, [kernel row][tap][channel] each
    float* next_edge_ = nullptr;
};

}  // namespace espalier::kernels
