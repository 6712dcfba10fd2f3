#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/cpu_features.h"
#include "kernels/epilogue.h"

namespace espalier::kernels {

/// One register tile of a matrix product whose left rows are reached through pointers, so that a plain
/// matrix, strided pixels and the taps of a convolution are all the same kernel:
///
///     acc[i][j] = sum over t < taps, p < k of  rows[t * R + i][row_offset + p] * panel[(t * k + p) * W + j]
///
/// for i < R rows and j < W = vectors * lanes columns. Only the first `columns` of W are read or written in
/// bias, residual and c. A sum over more blocks is made by several calls on one c: the first adds bias and
/// residual (residual may be c), the others add the c they find, the last applies the activation.
struct TileTask {
    const float* const* rows;
    std::int64_t row_offset;
    std::int64_t taps;
    std::int64_t k;
    const float* panel;  ///< aligned to one vector
    float* c;
    std::int64_t ldc;       ///< floats between rows of c and of residual
    const float* bias;      ///< of this tile's columns, or null
    const float* residual;  ///< of this tile's elements, or null
    std::int64_t columns;
    bool first;
    bool last;
    Activation activation;
    float lo;
    float hi;
};

using TileFunction = void (*)(const TileTask&);

constexpr int kMaxTileVectors = 4;
constexpr int kMaxTileRows = 12;

/// The tiles of one instruction set: run[v - 1][r - 1] computes v vectors of columns by r rows, for every
/// r up to max_rows[v - 1].
struct TileTable {
    const char* name;
    Isa isa;
    int lanes;
    int max_vectors;
    std::array<int, kMaxTileVectors> max_rows;
    std::array<std::array<TileFunction, kMaxTileRows>, kMaxTileVectors> run;
};

/// All tables, least capable first. Tests and benchmarks walk it; those above best_isa() must not be called.
std::span<const TileTable* const> tile_tables();

/// The best table that needs nothing beyond `isa`.
const TileTable& tile_table(Isa isa);

/// Defined in the file compiled for each instruction set.
extern const TileTable kTilesPortable;
extern const TileTable kTilesAvx2;
extern const TileTable kTilesAvx512;

}  // namespace espalier::kernels
