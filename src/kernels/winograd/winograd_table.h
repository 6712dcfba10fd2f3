#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/cpu_features.h"
#include "kernels/epilogue.h"

namespace espalier::kernels {

/// Winograd's minimal filtering F(m x m, 3 x 3): an output tile of m x m pixels from an input tile of
/// (m + 2) x (m + 2), through (m + 2)^2 products instead of 9 m^2. A tile at pixel (y, x) of the output reads
/// the input from (y - pad_top, x - pad_left) on. Source: Lavin and Gray, Fast Algorithms for Convolutional
/// Neural Networks, 2015 (arXiv 1509.09308).

/// v[e * step + c] = element e of B^T d B for every channel c < channels, where d[i][j][c] is
/// x[i * line + j * channels + c] for rows [first_row, last_row) and columns [first_column, last_column), 0
/// elsewhere.
struct WinogradInput {
    const float* x;  ///< of element (0, 0), which need not exist
    std::int64_t line;
    std::int64_t channels;
    int first_row, last_row;
    int first_column, last_column;
    float* v;
    std::int64_t step;
};

/// y[i * line + j * channels + c] = activation((A^T m A)[i][j][c] + bias[c] + residual[i * line + j *
/// channels + c]) for i < rows, j < columns, where element e of m is m[e * step + c].
struct WinogradOutput {
    const float* m;
    std::int64_t step;
    float* y;
    const float* bias;      ///< or null
    const float* residual;  ///< or null
    std::int64_t line;
    std::int64_t channels;
    int rows;
    int columns;
    Activation activation;
    float lo;
    float hi;
};

/// u[e * step + i] = element e of G w G^T for every window i < count, where w is w[i * 9 + r * 3 + s];
/// computed in double.
struct WinogradFilter {
    const float* w;
    std::int64_t count;
    float* u;
    std::int64_t step;
};

/// The transforms of one output tile size.
struct WinogradTransforms {
    void (*filter)(const WinogradFilter&);
    void (*input)(const WinogradInput&);
    void (*output)(const WinogradOutput&);
};

struct WinogradTable {
    const char* name;
    Isa isa;
    WinogradTransforms two;   ///< F(2 x 2, 3 x 3)
    WinogradTransforms four;  ///< F(4 x 4, 3 x 3)
};

/// All tables, least capable first; those above best_isa() must not be called.
std::span<const WinogradTable* const> winograd_tables();

/// The best table that needs nothing beyond `isa`.
const WinogradTable& winograd_table(Isa isa);

extern const WinogradTable kWinogradPortable;
extern const WinogradTable kWinogradAvx2;
extern const WinogradTable kWinogradAvx512;

}  // namespace espalier::kernels
