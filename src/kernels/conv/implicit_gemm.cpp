#include "kernels/conv/implicit_gemm.h"

#include <fmt/core.h>

#include <algorithm>
#include <vector>

#include "kernels/conv/pixel_rows.h"
#include "kernels/gemm/panels.h"
#include "kernels/gemm/partition.h"

namespace espalier::kernels {
namespace {

/// One pass over the depth: some units (taps, or whole kernel rows where `merged`), or a part of one tap.
struct DepthPass {
    std::int64_t first_unit;
    std::int64_t units;
    std::int64_t offset;  ///< first channel, not 0 only where a tap is split
    std::int64_t k;       ///< floats of one unit
};

/// Windows over the edge of the image are copied where a kernel row is at most this many floats: a pointer
/// per tap then costs more than the copy.
constexpr std::int64_t kShortRow = 256;

/// Pixels whose pointers are held at once, few enough to stay in the level 2 cache: a multiple of every tile
/// height.
constexpr std::int64_t kBlockPixels = 480;

class ImplicitGemm final : public Conv2dKernel {
  public:
    ImplicitGemm(const Conv2dShape& shape, const float* weights, Isa isa, PackedMemory* memory);

    std::string name() const override;
    std::size_t size_bytes() const override {
        std::size_t sum = zeros_.size() * sizeof(float);
        for (const Panels& panels : groups_) sum += panels.size_bytes();
        return sum;
    }
    void run(std::int64_t n, std::int64_t h, std::int64_t w, const float* x, float* y,
             const Epilogue& epilogue, ThreadPool& pool) const override;

  private:
    /// A block of output pixels by some panels of one group.
    struct Block {
        std::int64_t first_pixel;
        std::int64_t pixels;
        std::int64_t group;
        std::int64_t first_panel;
        std::int64_t last_panel;
    };

    PixelRows::Merging merging() const {
        if (!merged_) return PixelRows::Merging::kNever;
        const bool short_rows = shape_.kernel_w * shape_.c_in <= kShortRow;
        return short_rows ? PixelRows::Merging::kAlways : PixelRows::Merging::kInside;
    }
    void pack_channels_last(const float* weights, Panels& panels) const;
    void plan_depth();
    void run_block(const PixelGrid& grid, const float* x, float* y, const Epilogue& epilogue,
                   const Block& block) const;
    /// The weights of a panel that a pass reads.
    const float* weights_of(const Panels& panels, std::int64_t panel, const DepthPass& pass) const {
        const std::int64_t unit_depth = merged_ ? shape_.kernel_w * shape_.c_in : shape_.group_in();
        return panels.view().data(panels.list()[static_cast<std::size_t>(panel)],
                                  pass.first_unit * unit_depth + pass.offset);
    }
    void run_panel(const PixelRows& rows, const Panel& panel, const Panels& panels, const DepthPass& pass,
                   float* y, const float* residual, const float* next, TileTask task) const;

    Conv2dShape shape_;
    bool merged_;
    std::vector<Panels> groups_;
    std::vector<DepthPass> passes_;
    std::vector<float> zeros_;  ///< what a tap outside of the image points to
};

ImplicitGemm::ImplicitGemm(const Conv2dShape& shape, const float* weights, Isa isa, PackedMemory* memory)
    : shape_(shape),
      // The channels of neighbouring taps are neighbours in memory, so a kernel row is one run of floats.
      merged_(shape.groups == 1 && shape.dilation_w == 1 && shape.kernel_w > 1 &&
              shape.kernel_w * shape.c_in <= kDepthBlock),
      zeros_(static_cast<std::size_t>(merged_ ? shape.kernel_w * shape.c_in : shape.group_in()), 0.0f) {
    const std::int64_t depth = shape.taps() * shape.group_in();
    for (std::int64_t group = 0; group < shape.groups; ++group) {
        Panels panels(shape.group_out(), depth, tile_table(isa), memory);
        if (!is_packed(memory)) pack_channels_last(weights + group * shape.group_out() * depth, panels);
        groups_.push_back(std::move(panels));
    }
    plan_depth();
}

/// Weights [column][channel][tap] as panels of depth [tap][channel].
void ImplicitGemm::pack_channels_last(const float* weights, Panels& panels) const {
    const std::int64_t channels = shape_.group_in(), taps = shape_.taps(), depth = taps * channels;
    if (taps == 1) return panels.pack(weights, depth);
    std::vector<float> columns;
    for (const Panel& panel : panels.list()) {
        columns.resize(static_cast<std::size_t>(panel.columns * depth));
        const float* from = weights + panel.column * depth;
        for (std::int64_t column = 0; column < panel.columns; ++column) {
            float* to = columns.data() + column * depth;
            for (std::int64_t channel = 0; channel < channels; ++channel) {
                for (std::int64_t tap = 0; tap < taps; ++tap) to[tap * channels + channel] = *from++;
            }
        }
        panels.pack(panel, columns.data(), depth);
    }
}

void ImplicitGemm::plan_depth() {
    const std::int64_t units = merged_ ? shape_.kernel_h : shape_.taps();
    const std::int64_t k = merged_ ? shape_.kernel_w * shape_.c_in : shape_.group_in();
    if (k > kDepthBlock) {
        const std::int64_t parts = (k + kDepthBlock - 1) / kDepthBlock;
        for (std::int64_t unit = 0; unit < units; ++unit) {
            for (std::int64_t part = 0; part < parts; ++part) {
                const std::int64_t begin = part_begin(k, parts, part);
                passes_.push_back({unit, 1, begin, part_begin(k, parts, part + 1) - begin});
            }
        }
        return;
    }
    const std::int64_t count = (units * k + kDepthBlock - 1) / kDepthBlock;
    const std::int64_t per_pass = (units + count - 1) / count;
    for (std::int64_t unit = 0; unit < units; unit += per_pass) {
        passes_.push_back({unit, std::min(per_pass, units - unit), 0, k});
    }
}

std::string ImplicitGemm::name() const {
    const char* algorithm = shape_.groups > 1    ? "conv_grouped"
                            : shape_.taps() == 1 ? "conv_1x1"
                                                 : "conv_implicit";
    return fmt::format("{}/{}", algorithm, groups_.front().table().name);
}

void ImplicitGemm::run(std::int64_t n, std::int64_t h, std::int64_t w, const float* x, float* y,
                       const Epilogue& epilogue, ThreadPool& pool) const {
    const PixelGrid grid{.shape = shape_, .h = h, .w = w};
    const std::int64_t pixels = n * grid.output_pixels();
    const Panels& panels = groups_.front();
    const auto panel_count = static_cast<std::int64_t>(panels.list().size());
    Partition parts = partition_product(pixels, panels.k(), shape_.group_out(), panel_count, pool.threads());
    const std::int64_t least = (pixels + kBlockPixels - 1) / kBlockPixels;
    if (parts.row_parts < least) parts.row_parts = round_to_threads(least, pixels, pool.threads());
    const std::int64_t tasks = parts.tasks() * shape_.groups;
    pool.parallel_for(tasks, 1, [&](std::int64_t begin, std::int64_t end, int) {
        for (std::int64_t task = begin; task < end; ++task) {
            const std::int64_t row_part = task / (parts.column_parts * shape_.groups);
            const std::int64_t group = task / parts.column_parts % shape_.groups;
            const std::int64_t column_part = task % parts.column_parts;
            const std::int64_t first = part_begin(pixels, parts.row_parts, row_part);
            run_block(grid, x, y, epilogue,
                      {first, part_begin(pixels, parts.row_parts, row_part + 1) - first, group,
                       part_begin(panel_count, parts.column_parts, column_part),
                       part_begin(panel_count, parts.column_parts, column_part + 1)});
        }
    });
}

void ImplicitGemm::run_block(const PixelGrid& grid, const float* x, float* y, const Epilogue& epilogue,
                             const Block& block) const {
    const Panels& panels = groups_[static_cast<std::size_t>(block.group)];
    const std::int64_t first_column = block.group * shape_.group_out();
    TileTask task{};
    task.ldc = shape_.c_out;
    task.activation = epilogue.activation;
    task.lo = epilogue.lo;
    task.hi = epilogue.hi;
    PixelRows rows;
    for (std::size_t pass = 0; pass < passes_.size(); ++pass) {
        task.first = pass == 0;
        task.last = pass + 1 == passes_.size();
        for (std::int64_t i = block.first_panel; i < block.last_panel; ++i) {
            const Panel& panel = panels.list()[static_cast<std::size_t>(i)];
            const int height = panels.table().max_rows[static_cast<std::size_t>(panel.vectors - 1)];
            rows.fill(grid, x + block.group * shape_.group_in(), zeros_.data(), merging(), block.first_pixel,
                      block.pixels, height);
            const float* next = nullptr;
            if (i + 1 < block.last_panel) {
                next = weights_of(panels, i + 1, passes_[pass]);
            } else if (!task.last) {
                next = weights_of(panels, block.first_panel, passes_[pass + 1]);
            }
            task.panel = weights_of(panels, i, passes_[pass]);
            const std::int64_t at = block.first_pixel * shape_.c_out + first_column + panel.column;
            task.bias = epilogue.bias ? epilogue.bias + first_column + panel.column : nullptr;
            run_panel(rows, panel, panels, passes_[pass], y + at,
                      epilogue.residual ? epilogue.residual + at : nullptr, next, task);
        }
    }
}

void ImplicitGemm::run_panel(const PixelRows& rows, const Panel& panel, const Panels& panels,
                             const DepthPass& pass, float* y, const float* residual, const float* next,
                             TileTask task) const {
    const auto& run = panels.table().run[static_cast<std::size_t>(panel.vectors - 1)];
    task.columns = panel.columns;
    task.row_offset = pass.offset;
    const Ahead ahead(next, pass.units * pass.k * panel.vectors * panels.table().lanes,
                      std::ssize(rows.tiles()), pass.units, pass.k);
    std::int64_t number = 0;
    for (const PixelTile& tile : rows.tiles()) {
        ahead.put(task, number++);
        const std::int64_t split = merged_ && !tile.merged ? shape_.kernel_w : 1;
        task.taps = pass.units * split;
        task.k = pass.k / split;
        task.rows = rows.pointers(tile) + pass.first_unit * split * tile.rows;
        task.c = y + tile.first * task.ldc;
        task.residual = residual ? residual + tile.first * task.ldc : nullptr;
        run[static_cast<std::size_t>(tile.rows - 1)](task);
    }
}

}  // namespace

std::shared_ptr<const Conv2dKernel> make_implicit_gemm(const Conv2dShape& shape, const float* weights,
                                                       Isa isa, PackedMemory* memory) {
    return std::make_shared<ImplicitGemm>(shape, weights, isa, memory);
}

}  // namespace espalier::kernels
