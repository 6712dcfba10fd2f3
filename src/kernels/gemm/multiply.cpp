#include "kernels/gemm/multiply.h"

#include <array>

#include "kernels/gemm/partition.h"

namespace espalier::kernels {
namespace {

/// All rows against one panel, for depths [begin, begin + task.k); `next` is read thereafter, or null.
void multiply_panel(const PanelView& b, const Panel& panel, std::int64_t rows, const float* a,
                    std::int64_t lda, float* c, const float* residual, const float* next, TileTask task) {
    const auto vectors = static_cast<std::size_t>(panel.vectors - 1);
    const std::int64_t tiles = (rows + b.table->max_rows[vectors] - 1) / b.table->max_rows[vectors];
    std::array<const float*, kMaxTileRows> pointers;
    task.rows = pointers.data();
    task.columns = panel.columns;
    const Ahead ahead(next, task.k * panel.vectors * b.table->lanes, tiles, 1, task.k);
    for (std::int64_t tile = 0; tile < tiles; ++tile) {
        const std::int64_t begin = part_begin(rows, tiles, tile);
        const auto height = static_cast<std::size_t>(part_begin(rows, tiles, tile + 1) - begin);
        for (std::size_t i = 0; i < height; ++i)
            pointers[i] = a + (begin + static_cast<std::int64_t>(i)) * lda;
        ahead.put(task, tile);
        task.c = c + begin * task.ldc;
        task.residual = residual ? residual + begin * task.ldc : nullptr;
        b.table->run[vectors][height - 1](task);
    }
}

}  // namespace

void multiply(const PanelView& b, std::int64_t first_panel, std::int64_t last_panel, std::int64_t rows,
              const float* a, std::int64_t lda, float* c, std::int64_t ldc, const Epilogue& epilogue,
              const float* next) {
    const std::int64_t blocks = (b.k + kDepthBlock - 1) / kDepthBlock;
    TileTask task{};
    task.taps = 1;
    task.ldc = ldc;
    task.activation = epilogue.activation;
    task.lo = epilogue.lo;
    task.hi = epilogue.hi;
    for (std::int64_t block = 0; block < blocks; ++block) {
        task.row_offset = part_begin(b.k, blocks, block);
        task.k = part_begin(b.k, blocks, block + 1) - task.row_offset;
        task.first = block == 0;
        task.last = block + 1 == blocks;
        for (std::int64_t i = first_panel; i < last_panel; ++i) {
            const Panel& panel = b.list[static_cast<std::size_t>(i)];
            const float* after = next;
            if (i + 1 < last_panel) {
                after = b.data(b.list[static_cast<std::size_t>(i + 1)], task.row_offset);
            } else if (!task.last) {
                after = b.data(b.list[static_cast<std::size_t>(first_panel)], task.row_offset + task.k);
            }
            task.panel = b.data(panel, task.row_offset);
            task.bias = epilogue.bias ? epilogue.bias + panel.column : nullptr;
            multiply_panel(b, panel, rows, a, lda, c + panel.column,
                           epilogue.residual ? epilogue.residual + panel.column : nullptr, after, task);
        }
    }
}

}  // namespace espalier::kernels
