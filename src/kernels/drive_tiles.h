#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/thread_pool.h"
#include "kernels/amx/tiles.h"
#include "kernels/epilogue.h"
#include "kernels/gemm/partition.h"

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

/// Tiles that usually share one pass over a column panel, so that the panel is read from L2 once for all of
/// them, and the most that ever do.
inline constexpr std::int64_t kBlockTiles = 4;
inline constexpr std::int64_t kMostBlockTiles = 16;

/// How many tiles share a pass over `weight_bytes` of weights, the rows of a tile being `depth` bytes deep.
/// Tiles of AMX are done with a panel sooner than memory gives the next: where the weights leave the level 2
/// cache, these are as many as have room in it for their rows, so that weights are read once.
inline std::int64_t block_tiles(Isa isa, std::int64_t depth, std::size_t weight_bytes) {
    constexpr std::int64_t kRows = 512 * 1024;
    constexpr std::size_t kCached = 256 * 1024;
    if (isa < Isa::kAmx || weight_bytes <= kCached) return kBlockTiles;
    return std::clamp(kRows / (2 * kAmxRows * depth), kBlockTiles, kMostBlockTiles);
}

/// Tasks that each thread should find. What AMX's tiles do for each task beside products takes longer than
/// these.
inline std::int64_t tasks_per_thread(Isa isa) { return isa < Isa::kAmx ? 4 : 2; }

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
    std::int64_t row_step;     ///< tiles have a multiple of it, but for the last
    std::int64_t block_tiles;  ///< that share a pass over a panel, at most kMostBlockTiles
    std::int64_t panels;
    std::int64_t panel_work;  ///< multiply-adds of one row with one panel
    std::int64_t task_work;   ///< multiply-adds that are worth the cost of claiming a task
    std::int64_t tasks_per_thread = 4;
    bool takes_together = false;  ///< parts of a block, since its rows take long to prepare
};

/// How a product is dealt out: blocks of tiles, each with its panels in `splits` parts.
struct TilePlan {
    std::int64_t tiles;
    std::int64_t blocks;
    std::int64_t splits;
    std::int64_t grain;  ///< parts that are claimed at once

    TilePlan(const TileProduct& product, int threads)
        : tiles((product.m + product.max_rows - 1) / product.max_rows) {
        // Each thread has the same number of rows; fewer in a tile take less time where they are not in
        // steps.
        if (tiles > threads && product.row_step == 1) tiles = round_to_threads(tiles, product.m, threads);
        blocks = (tiles + product.block_tiles - 1) / product.block_tiles;
        if (blocks > 1) blocks = round_to_threads(blocks, tiles, threads);
        const std::int64_t block_rows = std::min(product.m, product.block_tiles * product.max_rows);
        const std::int64_t work = block_rows * product.panel_work * product.panels;
        // With few rows the columns are split as well; otherwise a task keeps its rows and walks all panels.
        const std::int64_t wanted =
            threads == 1 ? 1 : std::max<std::int64_t>(1, product.tasks_per_thread * threads / blocks);
        const std::int64_t most = (work + product.task_work - 1) / product.task_work;
        splits = std::min({wanted, most, product.panels});
        grain = std::max<std::int64_t>(1, product.task_work / (work / splits + 1));
        // Parts of one block that a thread takes at once share what prepares its rows.
        if (product.takes_together && splits > 1) grain = std::max(grain, blocks * splits / threads);
    }
};

/// One pass of a block's tiles over a panel.
struct PanelPass {
    std::int64_t panel;
    std::int64_t next;   ///< the panel that the same thread probably reads thereafter; -1: read before
    std::int64_t tiles;  ///< of the block
};

/// Runs every tile of a product. A task takes a block of tiles and some panels. prepare(slot, rows) of a
/// worker, which make_worker() makes for each thread, gets the rows of each tile ready, slot <
/// product.block_tiles telling where to keep them; then run(slot, rows, pass) multiplies each with every
/// panel of the task; and complete(block, rows) learns that one of the plan.splits parts of a block is done.
template <typename MakeWorker>
void drive_tiles(const TileProduct& product, const TilePlan& plan, ThreadPool& pool,
                 MakeWorker&& make_worker) {
    pool.parallel_for(plan.blocks * plan.splits, plan.grain, [&](std::int64_t begin, std::int64_t end, int) {
        auto worker = make_worker();
        std::array<TileRows, kMostBlockTiles> rows;
        std::int64_t prepared = -1;
        for (std::int64_t task = begin; task < end; ++task) {
            const std::int64_t block = task / plan.splits, split = task % plan.splits;
            // A larger block first, so that the threads that take them in turns have done at the same time.
            const std::int64_t first_tile = plan.tiles - (plan.blocks - block) * plan.tiles / plan.blocks;
            const std::int64_t count =
                plan.tiles - (plan.blocks - block - 1) * plan.tiles / plan.blocks - first_tile;
            if (prepared != block) {
                for (std::int64_t i = 0; i < count; ++i) {
                    rows[static_cast<std::size_t>(i)] =
                        tile_rows(product.m, plan.tiles, first_tile + i, product.row_step);
                    worker.prepare(i, rows[static_cast<std::size_t>(i)]);
                }
                prepared = block;
            }
            const std::int64_t last_panel = (split + 1) * product.panels / plan.splits;
            const std::int64_t later = (split + 1) % plan.splits * product.panels / plan.splits;
            // With more blocks, a thread has most panels in its cache from the blocks before.
            const bool is_new = plan.blocks <= 2 * pool.threads();
            for (std::int64_t panel = split * product.panels / plan.splits; panel < last_panel; ++panel) {
                const std::int64_t next = panel + 1 < last_panel ? panel + 1 : later;
                const PanelPass pass{panel, is_new ? next : -1, count};
                for (std::int64_t i = 0; i < count; ++i) {
                    worker.run(i, rows[static_cast<std::size_t>(i)], pass);
                }
            }
            const TileRows& last = rows[static_cast<std::size_t>(count - 1)];
            worker.complete(block, {rows.front().first, last.first + last.count - rows.front().first});
        }
    });
}

}  // namespace espalier::kernels
