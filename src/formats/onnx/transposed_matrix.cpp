#include "formats/onnx/transposed_matrix.h"

#include <algorithm>
#include <cstring>

namespace espalier::formats::onnx {

Tensor transposed_matrix(const Tensor& matrix) {
    const std::int64_t rows = matrix.shape()[0];
    const std::int64_t columns = matrix.shape()[1];
    const std::size_t width = size_of(matrix.dtype());
    Tensor result = Tensor::allocate(matrix.dtype(), {columns, rows});
    if (result.elements() == 0) return result;
    const std::byte* from = matrix.bytes().data();
    std::byte* to = result.mutable_bytes().data();
    // Square tiles: both sides stay in the cache.
    constexpr std::int64_t kTile = 32;
    for (std::int64_t row = 0; row < rows; row += kTile) {
        for (std::int64_t column = 0; column < columns; column += kTile) {
            for (std::int64_t i = row; i < std::min(row + kTile, rows); ++i) {
                for (std::int64_t j = column; j < std::min(column + kTile, columns); ++j) {
                    std::memcpy(to + static_cast<std::size_t>(j * rows + i) * width,
                                from + static_cast<std::size_t>(i * columns + j) * width, width);
                }
            }
        }
    }
    return result;
}

}  // namespace espalier::formats::onnx
