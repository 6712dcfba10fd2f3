#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/conv/conv2d_shape.h"

namespace espalier::kernels {

/// Where the rows of the left matrix of a product lie. A row consists of taps, runs of bytes that need not
/// follow each other.
class RowSource {
  public:
    virtual ~RowSource() = default;
    /// rows[i] = the address of tap `tap` of row first + i, i < count.
    virtual void locate(std::int64_t first, std::int64_t count, std::int64_t tap,
                        const void** rows) const = 0;
};

/// The rows of a matrix, one tap each.
class MatrixRows final : public RowSource {
  public:
    MatrixRows(const void* data, std::int64_t stride_bytes)
        : data_(static_cast<const std::byte*>(data)), stride_(stride_bytes) {}
    void locate(std::int64_t first, std::int64_t count, std::int64_t tap, const void** rows) const override;

  private:
    const std::byte* data_;
    std::int64_t stride_;
};

/// The pixels under each tap of a window that moves over images [n][h][w][c_in]: a row for every output
/// pixel.
class WindowRows final : public RowSource {
  public:
    /// `element_bytes` is the size of one channel. A tap outside of image i reads outside[i], or outside[0]
    /// where there is one for all: c_in elements each.
    WindowRows(const Conv2dShape& shape, std::int64_t h, std::int64_t w, const void* images,
               std::int64_t element_bytes, std::vector<const void*> outside);
    void locate(std::int64_t first, std::int64_t count, std::int64_t tap, const void** rows) const override;

  private:
    Conv2dShape shape_;
    std::int64_t h_;
    std::int64_t w_;
    std::int64_t output_h_;
    std::int64_t output_w_;
    const std::byte* images_;
    std::int64_t pixel_bytes_;
    std::vector<const void*> outside_;
};

}  // namespace espalier::kernels
