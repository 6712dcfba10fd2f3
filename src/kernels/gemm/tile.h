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
    /// What is read later, to be fetched into the level 2 cache meanwhile: so many cache lines of it for
    /// every kAheadDepths depths, which may reach too far.
    const float* ahead;
    std::int64_t ahead_lines;
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

inline constexpr std::int64_t kAheadDepths = 8;
inline constexpr std::int64_t kCacheLineFloats = 16;

/// What is read after the tiles of a panel, which they fetch in equal parts: left to the processor, the first
/// tile of the next panel would wait for weights that come from memory, and the others for nothing.
class Ahead {
  public:
    /// `floats` floats at `next`, which may be null, by `tiles` tiles of depth taps * k.
    Ahead(const float* next, std::int64_t floats, std::int64_t tiles, std::int64_t taps, std::int64_t k) {
        if (!next) return;
        const std::int64_t steps = taps * ((k + kAheadDepths - 1) / kAheadDepths);
        next_ = next;
        lines_ = (floats / kCacheLineFloats + tiles * steps - 1) / (tiles * steps);
        tile_floats_ = lines_ * steps * kCacheLineFloats;
    }
    void put(TileTask& task, std::int64_t tile) const {
        task.ahead = next_ + tile * tile_floats_;
        task.ahead_lines = lines_;
    }

  private:
    const float* next_ = nullptr;
    std::int64_t lines_ = 0;
    std::int64_t tile_floats_ = 0;
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
