#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/thread_pool.h"
#include "kernels/epilogue.h"

namespace espalier::kernels {

/// Rows of one tile: [first, first + count).
struct TileRows {
    std::int64_t first;
    std::int64_t count;
};

/// Rows of tile `tile` when m rows are dealt out to `tiles` tiles as evenly as possible, `step` rows at a
/// time: 197 rows become tiles of 14 and 13, not fourteen tiles of 14 and one of 1, which would wait for its
/// loads.
inline TileRows tile_rows(std::int64_t m, std::int64_t tiles, std::int64_t tile, std::int64_t step = 1) {
    const std::int64_t steps = (m + step - 1) / step;
    const std::int64_t first = tile * steps / tiles * step;
    return {first, std::min(m, (tile + 1) * steps / tiles * step) - first};
}

/// Tiles that share one pass over a column panel, so that the panel is read from L2 once for all of them.
inline constexpr std::int64_t kBlockTiles = 4;

/// The output of a product: m rows of c, with epilogue pointers that belong to column 0 of the panels.
struct TileOutput {
    std::int64_t m;
    float* c;
    std::int64_t ldc;
    Epilogue epilogue;
};

/// The size of a product that is cut into tiles of at most `max_rows` rows by one panel.
struct TileProduct {
    std::int64_t m;
    std::int64_t max_rows;
    std::int64_t row_step;  ///< tiles have a multiple of it, but for the last
    std::int64_t panels;
    std::int64_t panel_work;  ///< multiply-adds of one row with one panel
    std::int64_t task_work;   ///< multiply-adds that are worth the cost of claiming a task
};

/// Runs every tile of a product. A task takes a block of kBlockTiles tiles: prepare(slot, rows) of a worker,
/// which make_worker() makes for each thread, gets the rows of each ready, slot < kBlockTiles telling where
/// to keep them; then run(slot, rows, panel) multiplies each with every panel of the task.
template <typename MakeWorker>
void drive_tiles(const TileProduct& product, ThreadPool& pool, MakeWorker&& make_worker) {
    const std::int64_t tiles = (product.m + product.max_rows - 1) / product.max_rows;
    const std::int64_t blocks = (tiles + kBlockTiles - 1) / kBlockTiles;
    const std::int64_t block_work = kBlockTiles * product.max_rows * product.panel_work * product.panels;
    // With few rows the columns are split as well; otherwise a task keeps its rows and walks all panels.
    const std::int64_t wanted = pool.threads() == 1 ? 1 : (4 * pool.threads() + blocks - 1) / blocks;
    const std::int64_t most = (block_work + product.task_work - 1) / product.task_work;
    const std::int64_t splits = std::min({wanted, most, product.panels});
    const std::int64_t grain = std::max<std::int64_t>(1, product.task_work / (block_work / splits + 1));
    pool.parallel_for(blocks * splits, grain, [&](std::int64_t begin, std::int64_t end, int) {
        auto worker = make_worker();
        std::array<TileRows, kBlockTiles> rows;
        for (std::int64_t task = begin; task < end; ++task) {
            const std::int64_t block = task / splits, split = task % splits;
            const std::int64_t first_tile = block * tiles / blocks;
            const std::int64_t count = (block + 1) * tiles / blocks - first_tile;
            for (std::int64_t i = 0; i < count; ++i) {
                rows[static_cast<std::size_t>(i)] =
                    tile_rows(product.m, tiles, first_tile + i, product.row_step);
                worker.prepare(i, rows[static_cast<std::size_t>(i)]);
            }
            const std::int64_t last_panel = (split + 1) * product.panels / splits;
            for (std::int64_t panel = split * product.panels / splits; panel < last_panel; ++panel) {
                for (std::int64_t i = 0; i < count; ++i) {
                    worker.run(i, rows[static_cast<std::size_t>(i)], panel);
                }
            }
        }
    });
}

}  // namespace espalier::kernels
