#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/cpu_features.h"
#include "kernels/amx/tiles.h"
#include "kernels/epilogue.h"
#include "kernels/gemm_i8/coded_ends.h"
#include "kernels/quantize/affine.h"

namespace espalier::kernels {

/// Columns that share one vector of accumulators; panels are one or two vectors wide.
inline constexpr int kI8Lanes = 16;

/// Most rows of any tile.
inline constexpr int kI8MaxRows = 32;

/// Panels go on with zeros up to a multiple of this depth: what AMX multiplies at once.
inline constexpr std::int64_t kI8DepthMultiple = 64;

/// Largest depth of a product: 255 * 128 * kI8MaxDepth stays inside a 32-bit accumulator.
inline constexpr std::int64_t kI8MaxDepth = 65536;

/// One register tile of an int8 product whose left rows are reached through pointers, so that a plain matrix
/// and the taps of a convolution are the same kernel. With W = vectors * kI8Lanes columns and k4 = k rounded
/// up to 4:
///
///     acc[i][j] = sum over t < taps, p < k of
///                 rows[t * R + i][p] * panel[((t * k4 + p) / 4 * W + j) * 4 + p % 4]
///     c[i][j]   = activation(fma(acc[i][j] - zero_point_i * sums[j], scale_i * scales[j], bias[j])
///                            + residual[i][j])
///
/// or, where `ends` has codes, what CodedEnds says. acc is exact in 32 bits, and the float expression is the
/// same in every implementation: up to the activation they give equal bits. Only the first `columns` of W are
/// read in bias and residual and written in c; panel, scales and sums are padded to W, and the panel to
/// kI8DepthMultiple. No byte beyond rows[..][k - 1] is read.
struct TileI8 {
    const std::uint8_t* const* rows;
    const void* prepared;  ///< what the kernel's prepare() made of rows; unused where it has none
    std::int64_t taps;
    std::int64_t k;
    const std::int8_t* panel;  ///< aligned to 64 bytes
    AmxAhead ahead;            ///< what tiles of AMX and AVX-512 fetch meanwhile
    const float* scales;
    const std::int32_t* sums;
    const Affine* affine;   ///< one per row
    bool one_affine;        ///< all rows have that of the first
    float* c;               ///< null where ends.result is not
    std::int64_t ldc;       ///< elements between rows of c, of residual and of what is in ends
    const float* bias;      ///< of this tile's columns, or null
    const float* residual;  ///< of this tile's elements, or null
    CodedEnds ends;         ///< of this tile's elements
    int columns;
    Activation activation;
    float lo;
    float hi;
};

/// What some kernels make of the rows of a tile first, once for all panels.
struct TileI8Rows {
    /// Bytes for `rows` rows.
    std::size_t (*bytes)(std::int64_t taps, std::int64_t k, int rows);
    /// Reads taps, k and rows of the tile. `to` is aligned to 64.
    void (*prepare)(const TileI8& tile, int rows, void* to);
};

/// One implementation: run(tile, rows <= max_rows, vectors = 1 or 2).
struct TileI8Kernel {
    const char* name;
    Isa isa;
    int max_rows;
    void (*run)(const TileI8& tile, int rows, int vectors);
    const TileI8Rows* prepared = nullptr;  ///< null where run() reads the rows as they are
    int row_step = 1;  ///< so many rows take as long as one: all tiles but the last have a multiple of it
};

/// All implementations, portable reference first; that for AVX-VNNI, which `isa` does not tell, only where
/// the processor has it.
std::span<const TileI8Kernel> tile_i8_kernels();

void run_tile_i8_portable(const TileI8& tile, int rows, int vectors);
void run_tile_i8_avx2(const TileI8& tile, int rows, int vectors);
extern const TileI8Rows kTileI8RowsAvx2;
/// Needs AVX-VNNI beside AVX2.
void run_tile_i8_avxvnni(const TileI8& tile, int rows, int vectors);
void run_tile_i8_avx512vnni(const TileI8& tile, int rows, int vectors);
/// Needs an AmxSession.
void run_tile_i8_amx(const TileI8& tile, int rows, int vectors);
extern const TileI8Rows kTileI8RowsAmx;

}  // namespace espalier::kernels
