#include "kernels/amx/multiply.h"
#include "kernels/gemm_i8/tile_i8_512.h"

namespace espalier::kernels {

const TileI8Rows kTileI8RowsAmx{
    .bytes = [](std::int64_t taps, std::int64_t k, int rows) { return amx_rows_bytes(taps, k, rows); },
    .prepare =
        [](const TileI8& t, int rows, void* to) {
            prepare_amx_rows(reinterpret_cast<const void* const*>(t.rows), t.taps, t.k, rows, to);
        },
};

void run_tile_i8_amx(const TileI8& tile, int rows, int vectors) {
    alignas(64) std::int32_t sums[kI8MaxRows * 2 * kI8Lanes];
    multiply_amx<AmxI8>(*static_cast<const AmxRows*>(tile.prepared), AmxRows::depth(tile.taps, tile.k),
                        tile.panel, tile.ahead, rows, vectors, {sums, vectors * kAmxRowBytes});
    finish(tile, rows, vectors, sums);
}

}  // namespace espalier::kernels
