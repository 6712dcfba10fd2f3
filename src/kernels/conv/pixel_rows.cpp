#include "kernels/conv/pixel_rows.h"

#include <algorithm>

#include "kernels/gemm/partition.h"

namespace espalier::kernels {

void PixelRows::fill(const PixelGrid& grid, const float* x, const float* zeros, Merging merging,
                     std::int64_t first_pixel, std::int64_t pixels, int height) {
    if (height_ == height) return;
    height_ = height;
    grid_ = &grid;
    zeros_ = zeros;
    find_inner_columns();
    if (merging == Merging::kAlways) {
        const std::int64_t lines = pixels / grid.output_w + 2;
        const std::int64_t window = grid.shape.taps() * grid.shape.c_in;
        edges_.assign(
            static_cast<std::size_t>(lines * (grid.output_w - (last_inner_ - first_inner_)) * window), 0.0f);
    }
    next_edge_ = edges_.data();
    tiles_.clear();
    pointers_.resize(static_cast<std::size_t>(pixels * grid.shape.taps()));
    const float** to = pointers_.data();
    Position position{x + first_pixel / grid.output_pixels() * grid.h * grid.w * grid.shape.c_in,
                      first_pixel / grid.output_w % grid.output_h, first_pixel % grid.output_w};
    const std::int64_t count = (pixels + height - 1) / height;
    for (std::int64_t i = 0; i < count; ++i) {
        const std::int64_t begin = part_begin(pixels, count, i),
                           rows = part_begin(pixels, count, i + 1) - begin;
        const bool merged =
            merging == Merging::kAlways || (merging == Merging::kInside && is_inner(position, rows));
        tiles_.push_back({begin, rows, merged, static_cast<std::size_t>(to - pointers_.data())});
        for (std::int64_t row = 0; row < rows;) {
            const std::int64_t run = std::min(rows - row, grid.output_w - position.column);
            if (merged) {
                point_to_rows(position, run, to + row, rows);
            } else {
                point_to_taps(position, run, to + row, rows);
            }
            advance(position, run);
            row += run;
        }
        to += rows * (merged ? grid.shape.kernel_h : grid.shape.taps());
    }
}

void PixelRows::find_inner_columns() {
    const Conv2dShape& shape = grid_->shape;
    const std::int64_t room = grid_->w + shape.pad_left - (shape.kernel_w - 1) * shape.dilation_w - 1;
    first_inner_ = std::min(grid_->output_w, (shape.pad_left + shape.stride_w - 1) / shape.stride_w);
    last_inner_ =
        room < 0 ? first_inner_ : std::clamp(room / shape.stride_w + 1, first_inner_, grid_->output_w);
}

bool PixelRows::is_inner(Position position, std::int64_t rows) const {
    while (rows > 0) {
        const std::int64_t run = std::min(rows, grid_->output_w - position.column);
        if (position.column < first_inner_ || position.column + run > last_inner_) return false;
        advance(position, run);
        rows -= run;
    }
    return true;
}

void PixelRows::advance(Position& position, std::int64_t pixels) const {
    position.column += pixels;
    if (position.column < grid_->output_w) return;
    position.column = 0;
    if (++position.line < grid_->output_h) return;
    position.line = 0;
    position.image += grid_->h * grid_->w * grid_->shape.c_in;
}

void PixelRows::point_to_rows(const Position& position, std::int64_t run, const float** to,
                              std::int64_t rows) {
    const Conv2dShape& shape = grid_->shape;
    const std::int64_t inner_begin = std::clamp(first_inner_, position.column, position.column + run);
    const std::int64_t inner_end = std::clamp(last_inner_, inner_begin, position.column + run);
    const std::int64_t step = shape.stride_w * shape.c_in;
    for (std::int64_t r = 0; r < shape.kernel_h; ++r) {
        const std::int64_t y = position.line * shape.stride_h - shape.pad_top + r * shape.dilation_h;
        const float** row = to + r * rows + (inner_begin - position.column);
        if (y < 0 || y >= grid_->h) {
            std::fill_n(row, inner_end - inner_begin, zeros_);
            continue;
        }
        const std::int64_t x = inner_begin * shape.stride_w - shape.pad_left;
        const float* pixel = position.image + (y * grid_->w + x) * shape.c_in;
        for (std::int64_t i = 0; i < inner_end - inner_begin; ++i) row[i] = pixel + i * step;
    }
    for (std::int64_t c = position.column; c < inner_begin; ++c) {
        copy_edge(position, c, to + (c - position.column), rows);
    }
    for (std::int64_t c = inner_end; c < position.column + run; ++c) {
        copy_edge(position, c, to + (c - position.column), rows);
    }
}

void PixelRows::copy_edge(const Position& position, std::int64_t column, const float** to,
                          std::int64_t rows) {
    const Conv2dShape& shape = grid_->shape;
    const std::int64_t x = column * shape.stride_w - shape.pad_left;
    const std::int64_t begin = std::clamp<std::int64_t>(-x, 0, shape.kernel_w);
    const std::int64_t end = std::clamp<std::int64_t>(grid_->w - x, begin, shape.kernel_w);
    for (std::int64_t r = 0; r < shape.kernel_h; ++r, next_edge_ += shape.kernel_w * shape.c_in) {
        to[r * rows] = next_edge_;
        const std::int64_t y = position.line * shape.stride_h - shape.pad_top + r * shape.dilation_h;
        if (y < 0 || y >= grid_->h || begin == end) continue;
        const float* from = position.image + (y * grid_->w + x + begin) * shape.c_in;
        std::copy_n(from, (end - begin) * shape.c_in, next_edge_ + begin * shape.c_in);
    }
}

void PixelRows::point_to_taps(const Position& position, std::int64_t run, const float** to,
                              std::int64_t rows) {
    const Conv2dShape& shape = grid_->shape;
    for (std::int64_t r = 0; r < shape.kernel_h; ++r) {
        const std::int64_t y = position.line * shape.stride_h - shape.pad_top + r * shape.dilation_h;
        for (std::int64_t s = 0; s < shape.kernel_w; ++s, to += rows) {
            if (y < 0 || y >= grid_->h) {
                std::fill_n(to, run, zeros_);
                continue;
            }
            const float* line = position.image + y * grid_->w * shape.c_in;
            std::int64_t x = position.column * shape.stride_w - shape.pad_left + s * shape.dilation_w;
            for (std::int64_t i = 0; i < run; ++i, x += shape.stride_w) {
                to[i] = x >= 0 && x < grid_->w ? line + x * shape.c_in : zeros_;
            }
        }
    }
}

}  // namespace espalier::kernels
