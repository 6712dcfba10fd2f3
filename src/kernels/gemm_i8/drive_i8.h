#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/thread_pool.h"
#include "kernels/amx/tiles.h"
#include "kernels/drive_tiles.h"
#include "kernels/gemm_i8/panels_i8.h"
#include "kernels/quantize/quantize_dynamic.h"
#include "kernels/scratch.h"

namespace espalier::kernels {

/// Multiply-adds per task: about 10 microseconds of a core, far above the cost of claiming a task.
inline std::int64_t task_work_i8(Isa isa) { return std::int64_t{1} << (isa >= Isa::kAmx ? 23 : 21); }

/// The output of an int8 product: m rows, with pointers that belong to column 0 of the panels.
struct OutputI8 {
    std::int64_t m;
    float* c;  ///< null where `ends` or epilogue.row_codes have the result
    std::int64_t ldc;
    Epilogue epilogue;
    CodedEnds ends;
};

/// Runs every tile of an int8 product. locate(first, count, pointers, affines) fills the addresses of tile
/// rows first .. first + count - 1, pointers[t * count + i] for tap t, and affines[i]; one_affine: all are
/// equal.
template <typename Locate>
void drive_i8(const PanelsI8& weights, const TileI8Kernel& kernel, const OutputI8& out, bool one_affine,
              ThreadPool& pool, Locate&& locate) {
    const auto& panels = weights.list();
    const auto panel_count = static_cast<std::int64_t>(panels.size());
    const std::int64_t depth = weights.taps() * weights.k();
    const std::int64_t tiles = (out.m + kernel.max_rows - 1) / kernel.max_rows;
    const std::int64_t blocks = (tiles + kBlockTiles - 1) / kBlockTiles;
    const std::int64_t panel_work = kBlockTiles * kernel.max_rows * depth * 2 * kI8Lanes;
    const RowCodes& row_codes = out.epilogue.row_codes;
    const bool codes_rows = row_codes.codes != nullptr;
    // With few rows the columns are split as well; otherwise a task keeps its rows and walks all panels. Rows
    // to be coded are best completed by one thread: what another wrote has to come from its cache.
    const std::int64_t tasks = (codes_rows ? 2 : 4) * pool.threads();
    const std::int64_t wanted = std::max<std::int64_t>(1, tasks / blocks);
    const std::int64_t task_work = task_work_i8(kernel.isa);
    const std::int64_t most = (panel_count * panel_work + task_work - 1) / task_work;
    const std::int64_t splits = std::min({wanted, most, panel_count});
    const std::int64_t grain = std::max<std::int64_t>(1, task_work / (panel_work * panel_count / splits + 1));
    // Whoever completes the rows of a block codes them. Floats that nobody wants pass through the cache of
    // one thread, or lie where all threads that work on a block find them.
    const bool is_shared = codes_rows && splits > 1;
    const auto splits_done =
        is_shared ? std::make_unique<std::atomic<int>[]>(static_cast<std::size_t>(blocks)) : nullptr;
    float* const shared = is_shared && !out.c ? scratch_floats(Scratch::kSharedResult,
                                                               static_cast<std::size_t>(out.m * out.ldc))
                                              : out.c;
    pool.parallel_for(blocks * splits, grain, [&](std::int64_t begin, std::int64_t end, int) {
        const std::int64_t tile_pointers = weights.taps() * kernel.max_rows;
        auto** pointers = static_cast<const std::uint8_t**>(
            scratch(Scratch::kLocal, static_cast<std::size_t>(kBlockTiles * tile_pointers) * sizeof(void*)));
        const std::size_t prepared_bytes =
            kernel.prepared ? kernel.prepared->bytes(weights.taps(), weights.k(), kernel.max_rows) : 0;
        auto* const prepared =
            static_cast<std::byte*>(scratch(Scratch::kLocalRows, kBlockTiles * prepared_bytes));
        float* const passing =
            codes_rows && !shared
                ? scratch_floats(Scratch::kLocalExtra,
                                 static_cast<std::size_t>(kBlockTiles * kernel.max_rows * out.ldc))
                : nullptr;
        std::array<Affine, kBlockTiles * kI8MaxRows> affines;
        std::array<TileRows, kBlockTiles> rows;
        const AmxSession session(kernel.isa);
        for (std::int64_t task = begin; task < end; ++task) {
            const std::int64_t block = task / splits, split = task % splits;
            // A larger block first, so that the threads that take them in turns have done at the same time.
            const std::int64_t first_tile = tiles - (blocks - block) * tiles / blocks;
            const std::int64_t count = tiles - (blocks - block - 1) * tiles / blocks - first_tile;
            TileI8 tile{};
            tile.taps = weights.taps();
            tile.k = weights.k();
            for (std::int64_t i = 0; i < count; ++i) {
                TileRows& own = rows[static_cast<std::size_t>(i)];
                own = tile_rows(out.m, tiles, first_tile + i, kernel.row_step);
                tile.rows = pointers + i * tile_pointers;
                locate(own.first, own.count, pointers + i * tile_pointers,
                       affines.data() + i * kernel.max_rows);
                if (kernel.prepared) {
                    kernel.prepared->prepare(tile, static_cast<int>(own.count),
                                             prepared + static_cast<std::size_t>(i) * prepared_bytes);
                }
            }
            tile.one_affine = one_affine;
            tile.ldc = out.ldc;
            tile.activation = out.epilogue.activation;
            tile.lo = out.epilogue.lo;
            tile.hi = out.epilogue.hi;
            const std::int64_t first_row = rows.front().first;
            float* const c = shared ? shared + first_row * out.ldc : passing;
            const std::int64_t last_panel = (split + 1) * panel_count / splits;
            for (std::int64_t p = split * panel_count / splits; p < last_panel; ++p) {
                const PanelI8& panel = panels[static_cast<std::size_t>(p)];
                tile.panel = weights.data(panel);
                tile.scales = weights.scales(panel);
                tile.sums = weights.sums(panel);
                tile.bias = out.epilogue.bias ? out.epilogue.bias + panel.column : nullptr;
                tile.columns = panel.columns;
                for (std::int64_t i = 0; i < count; ++i) {
                    const TileRows& own = rows[static_cast<std::size_t>(i)];
                    const std::int64_t offset = own.first * out.ldc + panel.column;
                    tile.rows = pointers + i * tile_pointers;
                    tile.prepared = prepared + static_cast<std::size_t>(i) * prepared_bytes;
                    tile.affine = affines.data() + i * kernel.max_rows;
                    tile.c = c ? c + offset - first_row * out.ldc : nullptr;
                    tile.ends = out.ends.at(offset);
                    tile.residual = out.epilogue.residual ? out.epilogue.residual + offset : nullptr;
                    kernel.run(tile, static_cast<int>(own.count), panel.vectors);
                }
            }
            if (codes_rows && (!is_shared || ++splits_done[static_cast<std::size_t>(block)] == splits)) {
                const TileRows& last = rows[static_cast<std::size_t>(count - 1)];
                quantize_rows_u8(c, last.first + last.count - first_row, out.ldc,
                                 row_codes.at(first_row, out.ldc), kernel.isa);
            }
        }
    });
}

}  // namespace espalier::kernels
