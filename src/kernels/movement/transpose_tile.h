#pragma once

#include <cstdint>

namespace espalier::kernels {

/// y[r * y_row + c] = x[c * x_column + r] for r < rows and c < Columns: three planes become pixels.
template <int Columns, typename T>
void transpose_thin(const T* x, std::int64_t x_column, T* y, std::int64_t y_row, std::int64_t rows) {
    for (std::int64_t r = 0; r < rows; ++r) {
        for (int c = 0; c < Columns; ++c) y[r * y_row + c] = x[c * x_column + r];
    }
}

/// y[r * y_row + c] = x[c * x_column + r] for r < rows and c < columns: a panel of a matrix transpose whose
/// source is dense along r.
template <typename T>
void transpose_panel(const T* x, std::int64_t x_column, T* y, std::int64_t y_row, std::int64_t rows,
                     std::int64_t columns) {
    if (columns == 2) return transpose_thin<2>(x, x_column, y, y_row, rows);
    if (columns == 3) return transpose_thin<3>(x, x_column, y, y_row, rows);
    if (columns == 4) return transpose_thin<4>(x, x_column, y, y_row, rows);
    for (std::int64_t c = 0; c < columns; ++c) {
        for (std::int64_t r = 0; r < rows; ++r) y[r * y_row + c] = x[c * x_column + r];
    }
}

}  // namespace espalier::kernels
