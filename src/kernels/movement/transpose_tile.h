#pragma once

#include <cstdint>

namespace espalier::kernels {

/// y[r * y_row + c] = x[c * x_column + r] for r < rows (at most 16) and c < columns: a panel of a matrix
/// transpose whose source is dense along r.
template <typename T>
void transpose_panel(const T* x, std::int64_t x_column, T* y, std::int64_t y_row, std::int64_t rows,
                     std::int64_t columns) {
    for (std::int64_t c = 0; c < columns; ++c) {
        for (std::int64_t r = 0; r < rows; ++r) y[r * y_row + c] = x[c * x_column + r];
    }
}

}  // namespace espalier::kernels
