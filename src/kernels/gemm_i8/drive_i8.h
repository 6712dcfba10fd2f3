#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <type_traits>

#include "base/thread_pool.h"
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

/// Where rows that are to be coded become complete: whoever completes those of a block codes them. Floats
/// that nobody wants pass through the cache of one thread, or lie where all threads that work on a block find
/// them.
class CodedBlocks {
  public:
    CodedBlocks(const OutputI8& out, const TilePlan& plan) : splits_(plan.splits), floats_(out.c) {
        if (splits_ == 1) return;
        done_ = std::make_unique<std::atomic<int>[]>(static_cast<std::size_t>(plan.blocks));
        if (floats_) return;
        floats_ = scratch_floats(Scratch::kSharedResult, static_cast<std::size_t>(out.m * out.ldc));
    }

    /// The whole result, or null where each thread has room for its own block.
    float* floats() const { return floats_; }
    /// Whether all parts of a block are complete, one more of them now.
    bool complete(std::int64_t block) {
        return splits_ == 1 || ++done_[static_cast<std::size_t>(block)] == splits_;
    }

  private:
    std::int64_t splits_;
    float* floats_;
    std::unique_ptr<std::atomic<int>[]> done_;
};

/// What one thread keeps of an int8 product.
template <typename Locate>
class WorkerI8 {
  public:
    /// `coded`: null where no rows are coded.
    WorkerI8(const PanelsI8& weights, const TileI8Kernel& kernel, const OutputI8& out, bool one_affine,
             std::int64_t block_tiles, CodedBlocks* coded, const Locate& locate)
        : weights_(weights),
          kernel_(kernel),
          out_(out),
          one_affine_(one_affine),
          coded_(coded),
          floats_(coded ? coded->floats() : out.c),
          locate_(locate),
          tile_pointers_(weights.taps() * kernel.max_rows),
          prepared_bytes_(
              kernel.prepared ? kernel.prepared->bytes(weights.taps(), weights.k(), kernel.max_rows) : 0),
          depth_(AmxRows::depth(weights.taps(), weights.k())),
          pointers_(static_cast<const std::uint8_t**>(scratch(
              Scratch::kLocal, static_cast<std::size_t>(block_tiles * tile_pointers_) * sizeof(void*)))),
          prepared_(static_cast<std::byte*>(
              scratch(Scratch::kLocalRows, static_cast<std::size_t>(block_tiles) * prepared_bytes_))),
          session_(kernel.isa) {
        if (coded && !floats_) {
            passing_ = scratch_floats(Scratch::kLocalExtra,
                                      static_cast<std::size_t>(block_tiles * kernel.max_rows * out.ldc));
        }
    }

    void prepare(std::int64_t slot, const TileRows& rows) {
        if (slot == 0) first_row_ = rows.first;
        locate_(rows.first, rows.count, pointers_of(slot), affines_of(slot));
        if (!kernel_.prepared) return;
        TileI8 tile{};
        tile.rows = pointers_of(slot);
        tile.taps = weights_.taps();
        tile.k = weights_.k();
        kernel_.prepared->prepare(tile, static_cast<int>(rows.count), prepared_of(slot));
    }

    void run(std::int64_t slot, const TileRows& rows, const PanelPass& pass) {
        const PanelI8& panel = weights_.list()[static_cast<std::size_t>(pass.panel)];
        const Epilogue& epilogue = out_.epilogue;
        const std::int64_t offset = rows.first * out_.ldc + panel.column;
        float* const c = passing_  ? passing_ + offset - first_row_ * out_.ldc
                         : floats_ ? floats_ + offset
                                   : nullptr;
        kernel_.run({.rows = pointers_of(slot),
                     .prepared = prepared_of(slot),
                     .taps = weights_.taps(),
                     .k = weights_.k(),
                     .panel = weights_.data(panel),
                     .ahead = ahead(slot, pass),
                     .scales = weights_.scales(panel),
                     .sums = weights_.sums(panel),
                     .affine = affines_of(slot),
                     .one_affine = one_affine_,
                     .c = c,
                     .ldc = out_.ldc,
                     .bias = epilogue.bias ? epilogue.bias + panel.column : nullptr,
                     .residual = epilogue.residual ? epilogue.residual + offset : nullptr,
                     .ends = out_.ends.at(offset),
                     .columns = panel.columns,
                     .activation = epilogue.activation,
                     .lo = epilogue.lo,
                     .hi = epilogue.hi},
                    static_cast<int>(rows.count), panel.vectors);
    }

    void complete(std::int64_t block, const TileRows& rows) {
        if (!coded_ || !coded_->complete(block)) return;
        quantize_rows_u8(passing_ ? passing_ : floats_ + rows.first * out_.ldc, rows.count, out_.ldc,
                         out_.epilogue.row_codes.at(rows.first, out_.ldc), kernel_.isa);
    }

  private:
    const std::uint8_t** pointers_of(std::int64_t slot) const { return pointers_ + slot * tile_pointers_; }
    AmxAhead ahead(std::int64_t slot, const PanelPass& pass) const {
        if (pass.next < 0) return {};
        const PanelI8& next = weights_.list()[static_cast<std::size_t>(pass.next)];
        return AmxAhead(weights_.data(next), pass.tiles, next.vectors).part(slot, depth_);
    }
    std::byte* prepared_of(std::int64_t slot) const {
        return prepared_ + static_cast<std::size_t>(slot) * prepared_bytes_;
    }
    Affine* affines_of(std::int64_t slot) { return affines_.data() + slot * kernel_.max_rows; }

    const PanelsI8& weights_;
    const TileI8Kernel& kernel_;
    const OutputI8& out_;
    bool one_affine_;
    CodedBlocks* coded_;
    float* floats_;  ///< the whole result, or null
    const Locate& locate_;
    std::int64_t tile_pointers_;
    std::size_t prepared_bytes_;
    std::int64_t depth_;
    const std::uint8_t** pointers_;
    std::byte* prepared_;
    AmxSession session_;
    float* passing_ = nullptr;  ///< of the rows of one block
    std::int64_t first_row_ = 0;
    std::array<Affine, kMostBlockTiles * kI8MaxRows> affines_;
};

/// Runs every tile of an int8 product. locate(first, count, pointers, affines) fills the addresses of tile
/// rows first .. first + count - 1, pointers[t * count + i] for tap t, and affines[i]; one_affine: all are
/// equal.
template <typename Locate>
void drive_i8(const PanelsI8& weights, const TileI8Kernel& kernel, const OutputI8& out, bool one_affine,
              ThreadPool& pool, Locate&& locate) {
    const std::int64_t depth = weights.taps() * weights.k();
    const bool codes_rows = out.epilogue.row_codes.codes != nullptr;
    const TileProduct product{
        .m = out.m,
        .max_rows = kernel.max_rows,
        .row_step = kernel.row_step,
        .block_tiles = block_tiles(kernel.isa, depth, weights.size_bytes()),
        .panels = static_cast<std::int64_t>(weights.list().size()),
        .panel_work = depth * 2 * kI8Lanes,
        .task_work = task_work_i8(kernel.isa),
        // Rows to be coded are best completed by one thread: what another wrote has to come from its cache.
        .tasks_per_thread = codes_rows ? 2 : tasks_per_thread(kernel.isa),
        .takes_together = kernel.isa >= Isa::kAmx};
    const TilePlan plan(product, pool.threads());
    std::optional<CodedBlocks> coded;
    if (codes_rows) coded.emplace(out, plan);
    drive_tiles(product, plan, pool, [&] {
        return WorkerI8<std::remove_reference_t<Locate>>(
            weights, kernel, out, one_affine, product.block_tiles, coded ? &*coded : nullptr, locate);
    });
}

}  // namespace espalier::kernels
