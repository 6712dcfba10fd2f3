#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/amx/tiles.h"
#include "kernels/drive_tiles.h"
#include "kernels/gemm_bf16/panels_bf16.h"
#include "kernels/scratch.h"

namespace espalier::kernels {

/// Multiply-adds per task: about 10 microseconds of a core.
inline std::int64_t task_work_bf16(Isa isa) { return std::int64_t{1} << (isa >= Isa::kAmx ? 22 : 20); }

/// What one thread keeps of a bf16 product: pointers to the rows of a block of tiles, and `row_bytes` bytes
/// of room for each row.
template <typename Locate>
class WorkerBF16 {
  public:
    WorkerBF16(const PanelsBF16& weights, const TileBF16Kernel& kernel, const TileOutput& out,
               std::int64_t block_tiles, std::int64_t row_bytes, const Locate& locate)
        : weights_(weights),
          kernel_(kernel),
          out_(out),
          tile_pointers_(weights.taps() * kernel.max_rows),
          tile_bytes_(kernel.max_rows * row_bytes),
          prepared_bytes_(
              kernel.prepared ? kernel.prepared->bytes(weights.taps(), weights.k(), kernel.max_rows) : 0),
          depth_(AmxRows::depth(weights.taps(), weights.k() * kernel.element_bytes)),
          locate_(locate),
          pointers_(static_cast<const void**>(scratch(
              Scratch::kLocal, static_cast<std::size_t>(block_tiles * tile_pointers_) * sizeof(void*)))),
          room_(static_cast<std::byte*>(
              scratch(Scratch::kLocalExtra, static_cast<std::size_t>(block_tiles * tile_bytes_)))),
          prepared_(static_cast<std::byte*>(
              scratch(Scratch::kLocalRows, static_cast<std::size_t>(block_tiles) * prepared_bytes_))),
          session_(kernel.isa) {}

    void prepare(std::int64_t slot, const TileRows& rows) {
        locate_(rows, pointers_ + slot * tile_pointers_, room_ + slot * tile_bytes_);
        if (!kernel_.prepared) return;
        const TileBF16 tile{
            .rows = pointers_ + slot * tile_pointers_, .taps = weights_.taps(), .k = weights_.k()};
        kernel_.prepared->prepare(tile, static_cast<int>(rows.count), prepared_of(slot));
    }

    void run(std::int64_t slot, const TileRows& rows, const PanelPass& pass) const {
        const PanelBF16& panel = weights_.list()[static_cast<std::size_t>(pass.panel)];
        const Epilogue& epilogue = out_.epilogue;
        const std::int64_t offset = rows.first * out_.ldc + panel.column;
        kernel_.run({.rows = pointers_ + slot * tile_pointers_,
                     .prepared = prepared_of(slot),
                     .taps = weights_.taps(),
                     .k = weights_.k(),
                     .panel = weights_.data(panel),
                     .ahead = ahead(slot, pass),
                     .c = out_.c + offset,
                     .ldc = out_.ldc,
                     .bias = epilogue.bias ? epilogue.bias + panel.column : nullptr,
                     .residual = epilogue.residual ? epilogue.residual + offset : nullptr,
                     .columns = panel.columns,
                     .activation = epilogue.activation,
                     .lo = epilogue.lo,
                     .hi = epilogue.hi},
                    static_cast<int>(rows.count), panel.vectors);
    }

    void complete(std::int64_t, const TileRows&) const {}

  private:
    AmxAhead ahead(std::int64_t slot, const PanelPass& pass) const {
        if (pass.next < 0) return {};
        const PanelBF16& next = weights_.list()[static_cast<std::size_t>(pass.next)];
        return AmxAhead(weights_.data(next), pass.tiles, next.vectors).part(slot, depth_);
    }
    std::byte* prepared_of(std::int64_t slot) const {
        return prepared_ + static_cast<std::size_t>(slot) * prepared_bytes_;
    }

    const PanelsBF16& weights_;
    const TileBF16Kernel& kernel_;
    const TileOutput& out_;
    std::int64_t tile_pointers_;
    std::int64_t tile_bytes_;
    std::size_t prepared_bytes_;
    std::int64_t depth_;
    const Locate& locate_;
    const void** pointers_;
    std::byte* room_;
    std::byte* prepared_;
    AmxSession session_;
};

/// Runs every tile of a product. locate(rows, pointers, room) makes the rows of one tile ready: it fills
/// pointers[t * rows.count + i] for tap t and row rows.first + i, and may keep `row_bytes` bytes for each row
/// in `room`, which is aligned to 64 where row_bytes is a multiple of it.
template <typename Locate>
void drive_bf16(const PanelsBF16& weights, const TileBF16Kernel& kernel, const TileOutput& out,
                std::int64_t row_bytes, ThreadPool& pool, const Locate& locate) {
    const std::int64_t depth = weights.taps() * weights.k();
    const TileProduct product{
        .m = out.m,
        .max_rows = kernel.max_rows,
        .row_step = kernel.row_step,
        .block_tiles = block_tiles(kernel.isa, depth * kernel.element_bytes, weights.size_bytes()),
        .panels = static_cast<std::int64_t>(weights.list().size()),
        .panel_work = depth * 2 * kBF16Lanes,
        .task_work = task_work_bf16(kernel.isa),
        .tasks_per_thread = tasks_per_thread(kernel.isa),
        .takes_together = kernel.isa >= Isa::kAmx};
    drive_tiles(product, TilePlan(product, pool.threads()), pool, [&] {
        return WorkerBF16<Locate>(weights, kernel, out, product.block_tiles, row_bytes, locate);
    });
}

/// drive_bf16() of weights with one tap and rows of f32, source(row), which each task rounds for itself: they
/// are then in its level 2 cache for all of its panels.
template <typename Source>
void drive_rounding_bf16(const PanelsBF16& weights, const TileBF16Kernel& kernel, const TileOutput& out,
                         ThreadPool& pool, Source&& source) {
    // A cache line more than it takes: rows a power of two apart would share the sets of the level 1 cache.
    const std::int64_t row_bytes = (weights.k() * kernel.element_bytes + 63) / 64 * 64 + 64;
    drive_bf16(weights, kernel, out, row_bytes, pool,
               [&](const TileRows& rows, const void** pointers, std::byte* room) {
                   for (std::int64_t i = 0; i < rows.count; ++i, room += row_bytes) {
                       kernel.round(source(rows.first + i), weights.k(), room);
                       pointers[i] = room;
                   }
               });
}

}  // namespace espalier::kernels
