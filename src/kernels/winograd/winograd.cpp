#include "kernels/winograd/winograd.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/fma_rate.h"
#include "kernels/gemm/multiply.h"
#include "kernels/gemm/partition.h"
#include "kernels/scratch.h"
#include "kernels/winograd/winograd_table.h"

namespace espalier::kernels {
namespace {

/// Floats of both transformed blocks that share the level 2 cache with the weights of one element.
constexpr std::int64_t kBlockFloats = 256 * 1024;
/// A multiple of every tile height of the products.
constexpr std::int64_t kBlockUnit = 24;

/// Bytes of weights that stay in the level 2 cache from block to block, or come from the next as fast as they
/// are multiplied.
constexpr std::size_t kFewWeights = std::size_t{1} << 20;

/// With fewer channels the products are too narrow to gain from.
constexpr std::int64_t kLeastChannels = 16;

class WinogradKernel final : public Conv2dKernel {
  public:
    WinogradKernel(const Conv2dShape& shape, const float* weights, int tile, Isa isa, PackedMemory* memory);

    std::string name() const override { return fmt::format("winograd_{0}x{0}/{1}", tile_, table_->name); }
    std::size_t size_bytes() const override { return elements_.size() * elements_.front().size_bytes(); }
    void run(std::int64_t n, std::int64_t h, std::int64_t w, const float* x, float* y,
             const Epilogue& epilogue, ThreadPool& pool) const override;

  private:
    /// One call: the tiles of all images in rows, numbered through.
    struct Call {
        std::int64_t h, w, output_h, output_w;
        std::int64_t tile_rows, tile_columns;
        const float* x;
        float* y;
        const Epilogue& epilogue;
    };
    /// Some consecutive tiles, transformed: v is [element][tile][c_in], m is [element][tile][c_out].
    struct Block {
        std::int64_t first;
        std::int64_t tiles;
        float* v;
        float* m;
    };

    std::int64_t element_count() const { return static_cast<std::int64_t>(elements_.size()); }
    std::int64_t block_floats(std::int64_t tiles) const {
        return element_count() * tiles * (shape_.c_in + shape_.c_out);
    }
    std::int64_t block_tiles() const;
    Block make_block(std::int64_t first, std::int64_t tiles, Scratch kind) const;
    void transform_input(const Call& call, const Block& block, std::int64_t begin, std::int64_t end) const;
    void transform_output(const Call& call, const Block& block, std::int64_t begin, std::int64_t end) const;
    void multiply_element(const Block& block, std::int64_t element, std::int64_t first_panel,
                          std::int64_t last_panel) const;
    void run_whole_blocks(const Call& call, std::int64_t tiles, ThreadPool& pool) const;
    void run_shared_block(const Call& call, std::int64_t tiles, ThreadPool& pool) const;

    Conv2dShape shape_;
    std::int64_t tile_;
    const WinogradTable* table_;
    const WinogradTransforms* transforms_;
    std::vector<Panels> elements_;  ///< the transformed weights, one matrix per element of a tile
};

WinogradKernel::WinogradKernel(const Conv2dShape& shape, const float* weights, int tile, Isa isa,
                               PackedMemory* memory)
    : shape_(shape),
      tile_(tile),
      table_(&winograd_table(isa)),
      transforms_(tile == 2 ? &table_->two : &table_->four) {
    const int size = tile + 2;
    for (int i = 0; i < size * size; ++i)
        elements_.emplace_back(shape.c_out, shape.c_in, tile_table(isa), memory);
    if (is_packed(memory)) return;
    std::vector<float> columns;  // of one panel: [element][column][c_in]
    for (const Panel& panel : elements_.front().list()) {
        const std::int64_t step = panel.columns * shape.c_in;
        columns.resize(static_cast<std::size_t>(size * size * step));
        transforms_->filter(
            {weights + panel.column * shape.c_in * 9, panel.columns * shape.c_in, columns.data(), step});
        for (int i = 0; i < size * size; ++i) {
            elements_[static_cast<std::size_t>(i)].pack(panel, columns.data() + i * step, shape.c_in);
        }
    }
}

std::int64_t WinogradKernel::block_tiles() const {
    return std::max<std::int64_t>(1, kBlockFloats / block_floats(kBlockUnit)) * kBlockUnit;
}

void WinogradKernel::run(std::int64_t n, std::int64_t h, std::int64_t w, const float* x, float* y,
                         const Epilogue& epilogue, ThreadPool& pool) const {
    Call call{h, w, shape_.output_h(h), shape_.output_w(w), 0, 0, x, y, epilogue};
    call.tile_rows = (call.output_h + tile_ - 1) / tile_;
    call.tile_columns = (call.output_w + tile_ - 1) / tile_;
    const std::int64_t tiles = n * call.tile_rows * call.tile_columns;
    // A thread that takes whole blocks never waits for what others transformed, but reads all weights for
    // each; where there are few blocks and many weights the threads share one and divide the weights instead.
    const bool few_weights = size_bytes() <= kFewWeights && tiles >= pool.threads() * kBlockUnit;
    if (pool.threads() == 1 || few_weights || tiles >= 4 * pool.threads() * block_tiles()) {
        run_whole_blocks(call, tiles, pool);
    } else {
        run_shared_block(call, tiles, pool);
    }
}

WinogradKernel::Block WinogradKernel::make_block(std::int64_t first, std::int64_t tiles, Scratch kind) const {
    float* memory = scratch_floats(kind, static_cast<std::size_t>(block_floats(tiles)));
    return {first, tiles, memory, memory + element_count() * tiles * shape_.c_in};
}

void WinogradKernel::run_whole_blocks(const Call& call, std::int64_t tiles, ThreadPool& pool) const {
    const std::int64_t blocks =
        round_to_threads((tiles + block_tiles() - 1) / block_tiles(), tiles, pool.threads());
    const auto panels = static_cast<std::int64_t>(elements_.front().list().size());
    pool.parallel_for(blocks, 1, [&](std::int64_t begin, std::int64_t end, int) {
        for (std::int64_t i = begin; i < end; ++i) {
            const std::int64_t first = part_begin(tiles, blocks, i);
            const Block block = make_block(first, part_begin(tiles, blocks, i + 1) - first, Scratch::kLocal);
            transform_input(call, block, 0, block.tiles);
            for (std::int64_t element = 0; element < element_count(); ++element) {
                multiply_element(block, element, 0, panels);
            }
            transform_output(call, block, 0, block.tiles);
        }
    });
}

void WinogradKernel::run_shared_block(const Call& call, std::int64_t tiles, ThreadPool& pool) const {
    const auto panels = static_cast<std::int64_t>(elements_.front().list().size());
    const std::int64_t most = 8 * block_tiles();
    const std::int64_t blocks = (tiles + most - 1) / most;
    for (std::int64_t i = 0; i < blocks; ++i) {
        const std::int64_t first = part_begin(tiles, blocks, i);
        const Block block = make_block(first, part_begin(tiles, blocks, i + 1) - first, Scratch::kShared);
        const std::int64_t grain = std::max<std::int64_t>(1, block.tiles / (4 * pool.threads()));
        pool.parallel_for(block.tiles, grain, [&](std::int64_t begin, std::int64_t end, int) {
            transform_input(call, block, begin, end);
        });
        pool.parallel_for(element_count() * panels, panels, [&](std::int64_t begin, std::int64_t end, int) {
            for (std::int64_t element = begin / panels; element < end / panels; ++element) {
                multiply_element(block, element, 0, panels);
            }
        });
        pool.parallel_for(block.tiles, grain, [&](std::int64_t begin, std::int64_t end, int) {
            transform_output(call, block, begin, end);
        });
    }
}

void WinogradKernel::multiply_element(const Block& block, std::int64_t element, std::int64_t first_panel,
                                      std::int64_t last_panel) const {
    multiply(elements_[static_cast<std::size_t>(element)].view(), first_panel, last_panel, block.tiles,
             block.v + element * block.tiles * shape_.c_in, shape_.c_in,
             block.m + element * block.tiles * shape_.c_out, shape_.c_out, {},
             element + 1 < element_count() ? elements_[static_cast<std::size_t>(element + 1)].view().memory
                                           : nullptr);
}

void WinogradKernel::transform_input(const Call& call, const Block& block, std::int64_t begin,
                                     std::int64_t end) const {
    const std::int64_t size = tile_ + 2;
    for (std::int64_t i = begin; i < end; ++i) {
        const std::int64_t tile = block.first + i;
        const std::int64_t image = tile / (call.tile_rows * call.tile_columns);
        const std::int64_t y = tile / call.tile_columns % call.tile_rows * tile_ - shape_.pad_top;
        const std::int64_t x = tile % call.tile_columns * tile_ - shape_.pad_left;
        const auto clip = [&](std::int64_t at) {
            return static_cast<int>(std::clamp<std::int64_t>(at, 0, size));
        };
        transforms_->input({.x = call.x + ((image * call.h + y) * call.w + x) * shape_.c_in,
                            .line = call.w * shape_.c_in,
                            .channels = shape_.c_in,
                            .first_row = clip(-y),
                            .last_row = clip(call.h - y),
                            .first_column = clip(-x),
                            .last_column = clip(call.w - x),
                            .v = block.v + i * shape_.c_in,
                            .step = block.tiles * shape_.c_in});
    }
}

void WinogradKernel::transform_output(const Call& call, const Block& block, std::int64_t begin,
                                      std::int64_t end) const {
    for (std::int64_t i = begin; i < end; ++i) {
        const std::int64_t tile = block.first + i;
        const std::int64_t image = tile / (call.tile_rows * call.tile_columns);
        const std::int64_t y = tile / call.tile_columns % call.tile_rows * tile_;
        const std::int64_t x = tile % call.tile_columns * tile_;
        const std::int64_t at = ((image * call.output_h + y) * call.output_w + x) * shape_.c_out;
        transforms_->output({.m = block.m + i * shape_.c_out,
                             .step = block.tiles * shape_.c_out,
                             .y = call.y + at,
                             .bias = call.epilogue.bias,
                             .residual = call.epilogue.residual ? call.epilogue.residual + at : nullptr,
                             .line = call.output_w * shape_.c_out,
                             .channels = shape_.c_out,
                             .rows = static_cast<int>(std::min(tile_, call.output_h - y)),
                             .columns = static_cast<int>(std::min(tile_, call.output_w - x)),
                             .activation = call.epilogue.activation,
                             .lo = call.epilogue.lo,
                             .hi = call.epilogue.hi});
    }
}

/// Estimates in cycles of one core, from measured times: products run at 0.93 of the ceiling, a transform
/// takes 7 for every vector of a transformed tile, and weights, which a whole network pushes out of every
/// cache, stream at 4 bytes where two cores share the memory.
double product_cycles(double macs, Isa isa) { return macs / (fma_rate(isa) * 0.93 * tile_table(isa).lanes); }

double direct_cycles(const Conv2dShape& shape, std::int64_t n, std::int64_t h, std::int64_t w, Isa isa) {
    const double pixels = static_cast<double>(n) * static_cast<double>(shape.output_h(h) * shape.output_w(w));
    return product_cycles(pixels * static_cast<double>(shape.weights()), isa);
}

double winograd_cycles(const Conv2dShape& shape, std::int64_t tile, std::int64_t n, std::int64_t h,
                       std::int64_t w, Isa isa) {
    const auto count = [&](std::int64_t extent) { return static_cast<double>((extent + tile - 1) / tile); };
    const double tiles = static_cast<double>(n) * count(shape.output_h(h)) * count(shape.output_w(w));
    const auto elements = static_cast<double>((tile + 2) * (tile + 2));
    const double weights = elements * static_cast<double>(shape.c_in * shape.c_out);
    const double vectors =
        tiles * elements * static_cast<double>(shape.c_in + shape.c_out) / tile_table(isa).lanes;
    return std::max(product_cycles(tiles * weights, isa), weights * sizeof(float) / 4) + 7 * vectors;
}

}  // namespace

bool winograd_applies(const Conv2dShape& shape) {
    return shape.kernel_h == 3 && shape.kernel_w == 3 && shape.stride_h == 1 && shape.stride_w == 1 &&
           shape.dilation_h == 1 && shape.dilation_w == 1 && shape.groups == 1 &&
           std::min(shape.c_in, shape.c_out) >= kLeastChannels;
}

int winograd_tile(const Conv2dShape& shape, std::int64_t n, std::int64_t h, std::int64_t w, Isa isa) {
    if (!winograd_applies(shape) || n < 1 || h + shape.pad_top + shape.pad_bottom < 3 ||
        w + shape.pad_left + shape.pad_right < 3 || h < 1 || w < 1) {
        return 0;
    }
    const double direct = direct_cycles(shape, n, h, w, isa);
    const double two = winograd_cycles(shape, 2, n, h, w, isa),
                 four = winograd_cycles(shape, 4, n, h, w, isa);
    // Larger tiles must pay for their larger error and weights.
    const int tile = four < 0.85 * two ? 4 : 2;
    return std::min(two, four) < 0.9 * direct ? tile : 0;
}

double dense_conv_cycles(const Conv2dShape& shape, std::int64_t n, std::int64_t h, std::int64_t w, Isa isa,
                         bool winograd) {
    const int tile = winograd ? winograd_tile(shape, n, h, w, isa) : 0;
    return tile > 0 ? winograd_cycles(shape, tile, n, h, w, isa) : direct_cycles(shape, n, h, w, isa);
}

std::shared_ptr<const Conv2dKernel> make_winograd(const Conv2dShape& shape, const float* weights, int tile,
                                                  Isa isa, PackedMemory* memory) {
    return std::make_shared<WinogradKernel>(shape, weights, tile, isa, memory);
}

}  // namespace espalier::kernels
