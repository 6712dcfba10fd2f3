#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/cpu_features.h"
#include "kernels/epilogue.h"

namespace espalier::kernels {

/// A non-zero weight.
struct SparseEntry {
    std::uint32_t row;  ///< input feature, counted from the start of its block
    float weight;
};

/// A tile of rows of a sparse product is computed transposed: `pixels` rows of a lie side by side in the
/// lanes of a few vectors, and one weight multiplies them all.
///
///     sums[j][i] (+)= sum over entries e of feature j in this block of  e.weight * x[e.row][i],  i < pixels
struct SpmmTile {
    const float* x;  ///< [rows of the block][pixels], aligned to one vector
    const SparseEntry* entries;
    const std::uint32_t* starts;  ///< features + 1
    std::int64_t features;
    float* sums;  ///< [features][pixels], aligned to one vector
    bool first;   ///< start from 0 instead of the sums
};

/// Rows [0, rows) by columns [0, columns) of a row-major matrix.
struct SpmmRows {
    std::int64_t rows;
    std::int64_t columns;
    std::int64_t stride;
};

/// x[p][i] = a[i][p] for i < rows, p < columns; 0 up to `pixels` in i. x has columns rounded up to a multiple
/// of 16 rows, the last of which are filled with 0.
using SpmmPack = void (*)(const SpmmRows& shape, const float* a, std::int64_t pixels, float* x);

/// c[i][j] = activation(sums[j][i] + bias[j] + residual[i][j]); sums has columns rounded up to a multiple of
/// 16 rows.
using SpmmFinish = void (*)(const SpmmRows& shape, const float* sums, std::int64_t pixels, float* c,
                            const Epilogue& epilogue);

/// A tile width: `pixels` lanes in as many vectors as the registers hold.
struct SpmmWidth {
    std::int64_t pixels;
    void (*run)(const SpmmTile& tile);
};

/// The implementation for one instruction set; widths are sorted, widest first.
struct SpmmKernel {
    const char* name;
    Isa isa;
    std::array<SpmmWidth, 4> widths;
    SpmmPack pack;
    SpmmFinish finish;
};

/// All implementations, portable first.
std::span<const SpmmKernel* const> spmm_kernels();

/// Defined in the file compiled for each instruction set.
extern const SpmmKernel kSpmmPortable;
extern const SpmmKernel kSpmmAvx2;
extern const SpmmKernel kSpmmAvx512;

}  // namespace espalier::kernels
