#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/cpu_features.h"
#include "kernels/amx/tiles.h"
#include "kernels/epilogue.h"

namespace espalier::kernels {

/// Columns of one vector of a panel; panels are one or two vectors wide.
inline constexpr int kBF16Lanes = 16;

/// Panels go on with zeros up to a multiple of this depth: what AMX multiplies at once.
inline constexpr std::int64_t kBF16DepthMultiple = 32;

/// One register tile of a product of bf16 numbers, summed in f32. The left rows are reached through pointers,
/// so that a plain matrix and the taps of a convolution are the same kernel. With W = vectors * kBF16Lanes
/// columns and k2 = k rounded up to 2:
///
///     acc[i][j] = bias[j] + residual[i][j] + sum over t < taps, p < k of
///                 rows[t * R + i][p] * panel[((t * k2 + p) / 2 * W + j) * 2 + p % 2]
///     c[i][j]   = activation(acc[i][j])
///
/// Rows hold what the kernel's own `round` wrote: bf16, or f32 rounded to bf16 where the kernel widens. A
/// product of two bf16 numbers is exact in f32, so implementations differ by the order of the sum alone, and
/// by subnormal numbers, which vdpbf16ps and AMX take for 0. Only the first `columns` of W are read in bias
/// and residual and written in c; the panel is padded with zeros to W and to kBF16DepthMultiple. Nothing
/// beyond rows[..][k - 1] is read.
struct TileBF16 {
    const void* const* rows;
    const void* prepared;  ///< what the kernel's prepare() made of rows; unused where it has none
    std::int64_t taps;
    std::int64_t k;
    const std::uint16_t* panel;  ///< aligned to 64 bytes
    AmxAhead ahead;              ///< what AMX's tiles fetch meanwhile
    float* c;
    std::int64_t ldc;       ///< floats between rows of c and of residual
    const float* bias;      ///< of this tile's columns, or null
    const float* residual;  ///< of this tile's elements, or null; may be c
    int columns;
    Activation activation;
    float lo;
    float hi;
};

/// What some kernels make of the rows of a tile first, once for all panels.
struct TileBF16Rows {
    /// Bytes for `rows` rows.
    std::size_t (*bytes)(std::int64_t taps, std::int64_t k, int rows);
    /// Reads taps, k and rows of the tile. `to` is aligned to 64.
    void (*prepare)(const TileBF16& tile, int rows, void* to);
};

/// One implementation.
struct TileBF16Kernel {
    const char* name;
    Isa isa;
    int max_rows;
    /// Bytes of an element of a row: 2 where bf16 numbers are multiplied as they are, 4 where the processor
    /// cannot and both sides are widened to f32.
    int element_bytes;
    /// to[i] = from[i] rounded to the nearest bf16, ties to even, in the form that `run` reads. No alignment
    /// needed; `to` must not overlap `from`.
    void (*round)(const float* from, std::int64_t count, void* to);
    /// rows <= max_rows, vectors 1 or 2
    void (*run)(const TileBF16& tile, int rows, int vectors);
    const TileBF16Rows* prepared = nullptr;  ///< null where run() reads the rows as they are
    int row_step = 1;  ///< so many rows take as long as one: all tiles but the last have a multiple of it

    bool widens() const { return element_bytes == 4; }
};

/// All implementations, portable reference first.
std::span<const TileBF16Kernel> tile_bf16_kernels();

/// The fastest implementation within `limit`, for example "bf16/avx512". AMX is taken where it is; having
/// vdpbf16ps is not enough: it is taken where vdpbf16ps_pays() too.
const TileBF16Kernel& bf16_kernel(Isa limit = best_isa());

/// Whether this processor's vdpbf16ps beats FMAs on widened numbers: it does twice as much on Zen 4 and half
/// as much on Sapphire Rapids, where bf16 is meant for AMX. Measured once, with the tiles themselves, in some
/// 0.1 milliseconds; false where there is no vdpbf16ps.
bool vdpbf16ps_pays();

void round_bf16_portable(const float* from, std::int64_t count, void* to);
void round_bf16_avx2(const float* from, std::int64_t count, void* to);
void round_bf16_avx512(const float* from, std::int64_t count, void* to);
void round_bf16_avx512bf16(const float* from, std::int64_t count, void* to);

void run_tile_bf16_portable(const TileBF16& tile, int rows, int vectors);
void run_tile_bf16_avx2(const TileBF16& tile, int rows, int vectors);
void run_tile_bf16_avx512(const TileBF16& tile, int rows, int vectors);
void run_tile_bf16_avx512bf16(const TileBF16& tile, int rows, int vectors);
/// Needs an AmxSession.
void run_tile_bf16_amx(const TileBF16& tile, int rows, int vectors);
extern const TileBF16Rows kTileBF16RowsAmx;

}  // namespace espalier::kernels
