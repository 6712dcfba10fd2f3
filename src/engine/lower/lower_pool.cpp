#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "engine/lower/lower.h"
#include "kernels/pooling/pool2d.h"
#include "kernels/pooling/reduce_mean.h"

namespace espalier::engine {
namespace {

class Pool2dOperator final : public Operator {
  public:
    Pool2dOperator(const graph::Pool2d& op, DType dtype, Isa isa)
        : op_(op), is_coded_(dtype == DType::kU8), isa_(isa) {}

    void run(const Operands& operands, ThreadPool& pool) const override {
        const Shape& x = operands.inputs[0].shape();
        kernels::Pool2d window;
        window.batch = x[0];
        window.height = x[1];
        window.width = x[2];
        window.channels = x[3];
        window.kernel_height = op_.kernel[0];
        window.kernel_width = op_.kernel[1];
        window.stride_height = op_.stride[0];
        window.stride_width = op_.stride[1];
        window.pad_top = op_.pad[0];
        window.pad_left = op_.pad[1];
        window.pad_bottom = op_.pad[2];
        window.pad_right = op_.pad[3];
        window.ceil_mode = op_.ceil;
        window.count_include_pad = op_.count_include_pad;
        window = kernels::make_pool2d(window);
        if (is_coded_) {
            kernels::max_pool2d_u8(window, reinterpret_cast<const std::uint8_t*>(operands.inputs[0].data),
                                   reinterpret_cast<std::uint8_t*>(operands.output.data), pool, isa_);
            return;
        }
        float* y = operands.output.mutable_f32();
        if (op_.kind == graph::PoolKind::kMax) {
            kernels::max_pool2d(window, operands.f32(0), y, pool, isa_);
        } else {
            kernels::average_pool2d(window, operands.f32(0), y, pool, isa_);
        }
    }
    std::string kernel() const override {
        return kernel_label(graph::name(op_.kind), isa_) + (is_coded_ ? "_pool_u8" : "_pool");
    }

  private:
    graph::Pool2d op_;
    bool is_coded_;
    Isa isa_;
};

class MeanOperator final : public Operator {
  public:
    MeanOperator(std::vector<int> axes, Isa isa) : axes_(std::move(axes)), isa_(isa) {}

    void run(const Operands& operands, ThreadPool& pool) const override {
        kernels::reduce_mean(operands.f32(0), operands.inputs[0].shape(), axes_,
                             operands.output.mutable_f32(), pool, isa_);
    }
    std::string kernel() const override { return kernel_label("reduce_mean", isa_); }

  private:
    std::vector<int> axes_;
    Isa isa_;
};

/// The maximum over neighbouring axes is that over a window of all of them, with what lies behind them as
/// channels.
class MaxOperator final : public Operator {
  public:
    MaxOperator(int first, int last, Isa isa) : first_(first), last_(last), isa_(isa) {}

    void run(const Operands& operands, ThreadPool& pool) const override {
        const Shape& x = operands.inputs[0].shape();
        kernels::Pool2d window;
        window.batch = x.product(0, first_);
        window.height = window.kernel_height = x.product(first_, last_ + 1);
        window.channels = x.product(last_ + 1, x.rank());
        kernels::max_pool2d(kernels::make_pool2d(window), operands.f32(0), operands.output.mutable_f32(),
                            pool, isa_);
    }
    std::string kernel() const override { return kernel_label("reduce_max", isa_); }

  private:
    int first_, last_;
    Isa isa_;
};

}  // namespace

OperatorPtr lower_op(const Lowering& lowering, const graph::Pool2d& op) {
    check_channels_last(lowering, op.layout);
    return std::make_unique<Pool2dOperator>(op, lowering.input_type(0).dtype, lowering.options.isa);
}

OperatorPtr lower_op(const Lowering& lowering, const graph::Reduce& op) {
    const int rank = lowering.input_type(0).shape.rank();
    std::vector<int> axes;
    for (const auto axis : op.axes) axes.push_back(static_cast<int>(axis < 0 ? axis + rank : axis));
    if (op.kind == graph::ReduceKind::kMean) {
        return std::make_unique<MeanOperator>(std::move(axes), lowering.options.isa);
    }
    std::sort(axes.begin(), axes.end());
    axes.erase(std::unique(axes.begin(), axes.end()), axes.end());
    const bool neighbours = !axes.empty() && axes.back() - axes.front() + 1 == static_cast<int>(axes.size());
    if (op.kind != graph::ReduceKind::kMax || !neighbours) {
        fail(
            "node '{}': reduction by {} over axes {} is not supported; the mean is, and the maximum over "
            "neighbouring axes",
            lowering.node().name, graph::name(op.kind), fmt::join(axes, ", "));
    }
    return std::make_unique<MaxOperator>(axes.front(), axes.back(), lowering.options.isa);
}

}  // namespace espalier::engine
