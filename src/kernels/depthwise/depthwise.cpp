#include "kernels/depthwise/depthwise.h"

#include <fmt/core.h>

#include <algorithm>
#include <vector>

#include "kernels/depthwise/depthwise_table.h"
#include "kernels/gemm/partition.h"

namespace espalier::kernels {
namespace {

constexpr double kTaskMacs = 100'000;  ///< several microseconds even where memory is the limit

class Depthwise final : public Conv2dKernel {
  public:
    Depthwise(const Conv2dShape& shape, const float* weights, Isa isa)
        : shape_(shape),
          table_(&depthwise_table(isa)),
          blocked_((shape.kernel_w == 3 || shape.kernel_w == 5 || shape.kernel_w == 7) &&
                   shape.stride_w <= 2 && shape.dilation_w == 1),
          weights_(static_cast<std::size_t>(shape.weights())) {
        for (std::int64_t c = 0; c < shape.c_in; ++c) {
            for (std::int64_t tap = 0; tap < shape.taps(); ++tap) {
                weights_[static_cast<std::size_t>(tap * shape.c_in + c)] = weights[c * shape.taps() + tap];
            }
        }
    }

    std::string name() const override {
        const bool square = blocked_ && shape_.kernel_h == shape_.kernel_w;
        return square ? fmt::format("depthwise_{0}x{0}/{1}", shape_.kernel_w, table_->name)
                      : fmt::format("depthwise/{}", table_->name);
    }
    std::size_t size_bytes() const override { return weights_.size() * sizeof(float); }

    void run(std::int64_t n, std::int64_t h, std::int64_t w, const float* x, float* y,
             const Epilogue& epilogue, ThreadPool& pool) const override;

  private:
    /// One line of output, from the lines of the image that its window covers.
    struct Line {
        const float* image;
        std::int64_t h, w, output_w;
        std::int64_t y;      ///< of the first kernel row, negative in the padding
        std::int64_t first;  ///< kernel rows [first, last) lie inside the image
        std::int64_t last;
    };
    struct Lists {
        std::vector<const float*> x;
        std::vector<const float*> weights;
    };

    void run_line(const Line& line, DepthwiseTask task, Lists& lists) const;
    void run_pixel(const Line& line, std::int64_t column, DepthwiseTask task, Lists& lists) const;

    Conv2dShape shape_;
    const DepthwiseTable* table_;
    bool blocked_;
    std::vector<float> weights_;  ///< [tap][channel]
};

/// First kernel tap whose pixel is not left of (above) the image, and the one after the last inside.
std::int64_t first_tap(std::int64_t start, std::int64_t dilation) {
    return start >= 0 ? 0 : (-start + dilation - 1) / dilation;
}
std::int64_t last_tap(std::int64_t start, std::int64_t dilation, std::int64_t kernel, std::int64_t extent) {
    return start >= extent ? 0 : std::min(kernel, (extent - start + dilation - 1) / dilation);
}

void Depthwise::run(std::int64_t n, std::int64_t h, std::int64_t w, const float* x, float* y,
                    const Epilogue& epilogue, ThreadPool& pool) const {
    const std::int64_t output_h = shape_.output_h(h), output_w = shape_.output_w(w);
    const double macs = static_cast<double>(output_w * shape_.weights());
    const std::int64_t lines = n * output_h;
    const std::int64_t grain =
        std::clamp<std::int64_t>(static_cast<std::int64_t>(kTaskMacs / macs), 1,
                                 std::max<std::int64_t>(1, lines / (4 * pool.threads())));
    pool.parallel_for(lines, grain, [&](std::int64_t begin, std::int64_t end, int) {
        Lists lists;
        for (std::int64_t i = begin; i < end; ++i) {
            const std::int64_t start = i % output_h * shape_.stride_h - shape_.pad_top;
            const std::int64_t at = i * output_w * shape_.c_out;
            run_line(
                {x + i / output_h * h * w * shape_.c_in, h, w, output_w, start,
                 first_tap(start, shape_.dilation_h), last_tap(start, shape_.dilation_h, shape_.kernel_h, h)},
                {nullptr, nullptr, 0, shape_.c_in, y + at, epilogue.bias,
                 epilogue.residual ? epilogue.residual + at : nullptr, epilogue.activation, epilogue.lo,
                 epilogue.hi},
                lists);
        }
    });
}

void Depthwise::run_line(const Line& line, DepthwiseTask task, Lists& lists) const {
    const std::int64_t c = shape_.c_in;
    const auto skip = [&](std::int64_t pixels) {
        task.y += pixels * c;
        if (task.residual) task.residual += pixels * c;
    };
    // Columns [left, right) see no padding.
    std::int64_t left = line.output_w, right = line.output_w;
    if (blocked_ && line.w >= shape_.kernel_w) {
        left = std::min(line.output_w, (shape_.pad_left + shape_.stride_w - 1) / shape_.stride_w);
        right = std::clamp((line.w + shape_.pad_left - shape_.kernel_w) / shape_.stride_w + 1, left,
                           line.output_w);
    }
    for (std::int64_t column = 0; column < left; ++column, skip(1)) run_pixel(line, column, task, lists);
    if (left < right) {
        const auto kind = static_cast<std::size_t>((shape_.kernel_w - 3) / 2);
        const std::int64_t blocks = (right - left + table_->pixels[kind] - 1) / table_->pixels[kind];
        for (std::int64_t block = 0; block < blocks; ++block) {
            const std::int64_t begin = left + part_begin(right - left, blocks, block);
            const std::int64_t pixels = left + part_begin(right - left, blocks, block + 1) - begin;
            lists.x.clear();
            lists.weights.clear();
            for (std::int64_t r = line.first; r < line.last; ++r) {
                const std::int64_t ix = begin * shape_.stride_w - shape_.pad_left;
                lists.x.push_back(line.image + ((line.y + r * shape_.dilation_h) * line.w + ix) * c);
                lists.weights.push_back(weights_.data() + r * shape_.kernel_w * c);
            }
            task.x = lists.x.data();
            task.weights = lists.weights.data();
            task.inputs = static_cast<std::int64_t>(lists.x.size());
            table_->row[kind][static_cast<std::size_t>(shape_.stride_w - 1)]
                       [static_cast<std::size_t>(pixels - 1)](task);
            skip(pixels);
        }
    }
    for (std::int64_t column = right; column < line.output_w; ++column, skip(1)) {
        run_pixel(line, column, task, lists);
    }
}

void Depthwise::run_pixel(const Line& line, std::int64_t column, DepthwiseTask task, Lists& lists) const {
    const std::int64_t start = column * shape_.stride_w - shape_.pad_left;
    const std::int64_t first = first_tap(start, shape_.dilation_w);
    const std::int64_t last = last_tap(start, shape_.dilation_w, shape_.kernel_w, line.w);
    lists.x.clear();
    lists.weights.clear();
    for (std::int64_t r = line.first; r < line.last; ++r) {
        for (std::int64_t s = first; s < last; ++s) {
            const std::int64_t iy = line.y + r * shape_.dilation_h, ix = start + s * shape_.dilation_w;
            lists.x.push_back(line.image + (iy * line.w + ix) * shape_.c_in);
            lists.weights.push_back(weights_.data() + (r * shape_.kernel_w + s) * shape_.c_in);
        }
    }
    task.x = lists.x.data();
    task.weights = lists.weights.data();
    task.inputs = static_cast<std::int64_t>(lists.x.size());
    table_->pixel(task);
}

}  // namespace

std::shared_ptr<const Conv2dKernel> make_depthwise(const Conv2dShape& shape, const float* weights, Isa isa) {
    return std::make_shared<Depthwise>(shape, weights, isa);
}

}  // namespace espalier::kernels
