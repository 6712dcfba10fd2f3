#include "kernels/depthwise/depthwise.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <vector>

#include "kernels/depthwise/depthwise_table.h"
#include "kernels/gemm/partition.h"
#include "kernels/quantize/quantize_dynamic.h"
#include "kernels/scratch.h"

namespace espalier::kernels {
namespace {

constexpr double kTaskMacs = 100'000;  ///< several microseconds even where memory is the limit

bool has_tiles(const Conv2dShape& shape) {
    return shape.kernel_h == shape.kernel_w &&
           (shape.kernel_w == 3 || shape.kernel_w == 5 || shape.kernel_w == 7) &&
           shape.stride_h == shape.stride_w && shape.stride_w <= 2 && shape.dilation_h == 1 &&
           shape.dilation_w == 1 && shape.pad_left < shape.kernel_w && shape.pad_right < shape.kernel_w;
}

/// Tiles for groups of several channels, if the table has them: a vector must hold whole groups.
const DepthwiseTiles* grouped_tiles(const Conv2dShape& shape, const DepthwiseTable& table) {
    const bool fits = has_tiles(shape) && shape.kernel_w == 3 && shape.group_in() == shape.group_out() &&
                      table.lanes % shape.group_in() == 0;
    const DepthwiseTiles& tiles = table.grouped[shape.stride_w == 2 ? 1 : 0];
    return fits && tiles.lines > 0 ? &tiles : nullptr;
}

class Depthwise final : public DepthwiseKernel {
  public:
    Depthwise(const Conv2dShape& shape, const float* weights, Isa isa);

    std::string name() const override {
        const char* family = shape_.is_depthwise() ? "depthwise" : "grouped";
        return tiles_ ? fmt::format("{0}_{1}x{1}/{2}", family, shape_.kernel_w, table_->name)
                      : fmt::format("{}/{}", family, table_->name);
    }
    std::size_t size_bytes() const override { return weights_.size() * sizeof(float); }
    bool gives_row_codes() const override { return true; }

    void run(std::int64_t n, std::int64_t h, std::int64_t w, const float* x, float* y,
             const Epilogue& epilogue, ThreadPool& pool) const override;

    const Conv2dShape& shape() const override { return shape_; }
    std::int64_t strip_lines() const override { return tiles_ ? tiles_->lines : 0; }
    void run_strip(const float* const* x, std::int64_t w, std::int64_t lines, float* y,
                   const Epilogue& epilogue) const override;

  private:
    /// Some output lines of one image.
    struct Strip {
        const float* image;
        std::int64_t h, w, output_w;
        std::int64_t first_line;
        std::int64_t lines;
        float* y;               ///< of the first line
        const float* residual;  ///< likewise, or null
    };

    void run_tiles(const Strip& strip, const Epilogue& epilogue) const;
    void run_taps(const Strip& strip, const Epilogue& epilogue) const;

    Conv2dShape shape_;
    Isa isa_;
    const DepthwiseTable* table_;
    const DepthwiseTiles* tiles_ = nullptr;  ///< null where only single taps will do
    std::vector<float> weights_;             ///< [input of the group][tap][channel]
    std::vector<std::int32_t> picks_;        ///< DepthwiseTask::picks
};

Depthwise::Depthwise(const Conv2dShape& shape, const float* weights, Isa isa)
    : shape_(shape),
      isa_(isa),
      table_(&depthwise_table(isa)),
      weights_(static_cast<std::size_t>(shape.weights())) {
    const std::int64_t group = shape.group_in(), taps = shape.taps();
    if (group > 1) {
        tiles_ = grouped_tiles(shape, *table_);
    } else if (has_tiles(shape)) {
        tiles_ = &table_->tiles[static_cast<std::size_t>((shape.kernel_w - 3) / 2)]
                               [static_cast<std::size_t>(shape.stride_w - 1)];
    }
    for (std::int64_t j = 0; j < group; ++j) {
        for (std::int32_t i = 0; i < table_->lanes; ++i) {
            picks_.push_back(static_cast<std::int32_t>(i - i % group + j));
        }
        for (std::int64_t tap = 0; tap < taps; ++tap) {
            for (std::int64_t c = 0; c < shape.c_out; ++c) {
                weights_[static_cast<std::size_t>((j * taps + tap) * shape.c_out + c)] =
                    weights[(c * group + j) * taps + tap];
            }
        }
    }
}

void Depthwise::run(std::int64_t n, std::int64_t h, std::int64_t w, const float* x, float* y,
                    const Epilogue& epilogue, ThreadPool& pool) const {
    const std::int64_t output_h = shape_.output_h(h), output_w = shape_.output_w(w);
    const std::int64_t height = tiles_ ? tiles_->lines : 1;
    const std::int64_t strips = round_to_threads((output_h + height - 1) / height, output_h, pool.threads());
    const double macs = static_cast<double>(height * output_w * shape_.weights());
    const std::int64_t grain =
        std::clamp<std::int64_t>(static_cast<std::int64_t>(kTaskMacs / macs), 1,
                                 std::max<std::int64_t>(1, n * strips / (4 * pool.threads())));
    pool.parallel_for(n * strips, grain, [&](std::int64_t begin, std::int64_t end, int) {
        float* const passing =
            y ? nullptr
              : scratch_floats(Scratch::kLocal, static_cast<std::size_t>(height * output_w * shape_.c_out));
        for (std::int64_t i = begin; i < end; ++i) {
            const std::int64_t first = part_begin(output_h, strips, i % strips);
            const std::int64_t pixel = (i / strips * output_h + first) * output_w;
            const std::int64_t at = pixel * shape_.c_out;
            const Strip strip{x + i / strips * h * w * shape_.c_in,
                              h,
                              w,
                              output_w,
                              first,
                              part_begin(output_h, strips, i % strips + 1) - first,
                              y ? y + at : passing,
                              epilogue.residual ? epilogue.residual + at : nullptr};
            if (tiles_) {
                run_tiles(strip, epilogue);
            } else {
                run_taps(strip, epilogue);
            }
            if (epilogue.row_codes.codes) {
                quantize_rows_u8(strip.y, strip.lines * output_w, shape_.c_out,
                                 epilogue.row_codes.at(pixel, shape_.c_out), isa_);
            }
        }
    });
}

void Depthwise::run_tiles(const Strip& strip, const Epilogue& epilogue) const {
    const std::int64_t c = shape_.c_in, top = strip.first_line * shape_.stride_h - shape_.pad_top;
    std::array<const float*, kDepthwiseInputLines> lines;
    for (std::int64_t r = 0; r < (strip.lines - 1) * shape_.stride_h + shape_.kernel_h; ++r) {
        const bool inside = top + r >= 0 && top + r < strip.h;
        lines[static_cast<std::size_t>(r)] = inside ? strip.image + (top + r) * strip.w * c : nullptr;
    }
    Epilogue local = epilogue;
    local.residual = strip.residual;
    run_strip(lines.data(), strip.w, strip.lines, strip.y, local);
}

void Depthwise::run_strip(const float* const* x, std::int64_t w, std::int64_t lines, float* y,
                          const Epilogue& epilogue) const {
    const std::int64_t c = shape_.c_in, output_w = shape_.output_w(w);
    DepthwiseTask task{.x = x,
                       .weights = weights_.data(),
                       .group = shape_.group_in(),
                       .picks = picks_.data(),
                       .channels = c,
                       .width = w,
                       .line = output_w * c,
                       .bias = epilogue.bias,
                       .activation = epilogue.activation,
                       .lo = epilogue.lo,
                       .hi = epilogue.hi};
    const std::int64_t blocks = (output_w + tiles_->pixels - 1) / tiles_->pixels;
    for (std::int64_t block = 0; block < blocks; ++block) {
        const std::int64_t begin = part_begin(output_w, blocks, block);
        const std::int64_t pixels = part_begin(output_w, blocks, block + 1) - begin;
        task.first_column = begin * shape_.stride_w - shape_.pad_left;
        task.y = y + begin * c;
        task.residual = epilogue.residual ? epilogue.residual + begin * c : nullptr;
        tiles_->run[static_cast<std::size_t>(lines - 1)][static_cast<std::size_t>(pixels - 1)](task);
    }
}

void Depthwise::run_taps(const Strip& strip, const Epilogue& epilogue) const {
    const std::int64_t c = shape_.c_in, top = strip.first_line * shape_.stride_h - shape_.pad_top;
    std::vector<const float*> x, weights;
    for (std::int64_t column = 0; column < strip.output_w; ++column) {
        const std::int64_t left = column * shape_.stride_w - shape_.pad_left;
        x.clear();
        weights.clear();
        for (std::int64_t tap = 0; tap < shape_.taps(); ++tap) {
            const std::int64_t iy = top + tap / shape_.kernel_w * shape_.dilation_h;
            const std::int64_t ix = left + tap % shape_.kernel_w * shape_.dilation_w;
            if (iy < 0 || iy >= strip.h || ix < 0 || ix >= strip.w) continue;
            x.push_back(strip.image + (iy * strip.w + ix) * c);
            weights.push_back(weights_.data() + tap * c);
        }
        table_->taps({x.data(), weights.data(), static_cast<std::int64_t>(x.size()), c, strip.y + column * c,
                      epilogue.bias, strip.residual ? strip.residual + column * c : nullptr,
                      epilogue.activation, epilogue.lo, epilogue.hi});
    }
}

}  // namespace

bool has_grouped_tiles(const Conv2dShape& shape, Isa isa) {
    return shape.groups > 1 && shape.group_in() > 1 && grouped_tiles(shape, depthwise_table(isa)) != nullptr;
}

std::shared_ptr<const DepthwiseKernel> make_depthwise(const Conv2dShape& shape, const float* weights,
                                                      Isa isa) {
    return std::make_shared<Depthwise>(shape, weights, isa);
}

}  // namespace espalier::kernels
