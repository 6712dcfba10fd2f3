#include "engine/lower/lower.h"
#include "kernels/movement/concat.h"
#include "kernels/movement/gather.h"
#include "kernels/movement/pad.h"
#include "kernels/movement/slice.h"
#include "kernels/movement/transpose.h"

namespace espalier::engine {
namespace {

class TransposeOperator final : public Operator {
  public:
    explicit TransposeOperator(const graph::Transpose& op) : perm_(op.perm.begin(), op.perm.end()) {}

    void run(const Operands& operands, ThreadPool& pool) const override {
        const View& x = operands.inputs[0];
        kernels::transpose(x.data, x.shape(), perm_, size_of(x.type->dtype), operands.output.data, pool);
    }
    std::string kernel() const override { return "transpose"; }

  private:
    std::vector<int> perm_;
};

class ConcatOperator final : public Operator {
  public:
    explicit ConcatOperator(const graph::Concat& op) : axis_(op.axis) {}

    void run(const Operands& operands, ThreadPool& pool) const override {
        std::vector<kernels::ConcatInput> inputs;
        inputs.reserve(operands.inputs.size());
        for (const View& view : operands.inputs) inputs.push_back({view.data, view.shape()});
        const int rank = operands.output.shape().rank();
        kernels::concat(inputs, static_cast<int>(axis_ < 0 ? axis_ + rank : axis_),
                        size_of(operands.output.type->dtype), operands.output.data, pool);
    }
    std::string kernel() const override { return "concat"; }

  private:
    std::int64_t axis_;
};

class SliceOperator final : public Operator {
  public:
    explicit SliceOperator(const graph::Slice& op) : op_(op) {}

    void run(const Operands& operands, ThreadPool& pool) const override {
        const View& x = operands.inputs[0];
        const auto rank = static_cast<std::size_t>(x.shape().rank());
        const auto axis = static_cast<std::size_t>(op_.axis < 0 ? op_.axis + x.shape().rank() : op_.axis);
        std::vector<std::int64_t> starts(rank, 0);
        std::vector<std::int64_t> steps(rank, 1);
        starts[axis] = op_.range(x.shape()[static_cast<int>(axis)])[0];
        steps[axis] = op_.step;
        kernels::slice(x.data, x.shape(), starts, steps, operands.output.shape(), size_of(x.type->dtype),
                       operands.output.data, pool);
    }
    std::string kernel() const override { return "slice"; }

  private:
    graph::Slice op_;
};

class PadOperator final : public Operator {
  public:
    explicit PadOperator(const graph::Pad& op) : op_(op), value_(static_cast<float>(op.value)) {}

    void run(const Operands& operands, ThreadPool& pool) const override {
        const View& x = operands.inputs[0];
        kernels::pad(x.data, x.shape(), op_.before, op_.after, &value_, sizeof value_, operands.output.data,
                     pool);
    }
    std::string kernel() const override { return "pad"; }

  private:
    graph::Pad op_;
    float value_;
};

class GatherOperator final : public Operator {
  public:
    explicit GatherOperator(const graph::Gather& op) : op_(op) {}

    void run(const Operands& operands, ThreadPool& pool) const override {
        const View& x = operands.inputs[0];
        const int rank = x.shape().rank();
        kernels::gather(x.data, x.shape(), static_cast<int>(op_.axis < 0 ? op_.axis + rank : op_.axis),
                        op_.indices, size_of(x.type->dtype), operands.output.data, pool);
    }
    std::string kernel() const override { return "gather"; }

  private:
    graph::Gather op_;
};

}  // namespace

OperatorPtr lower_op(const Lowering&, const graph::Transpose& op) {
    return std::make_unique<TransposeOperator>(op);
}
OperatorPtr lower_op(const Lowering&, const graph::Concat& op) {
    return std::make_unique<ConcatOperator>(op);
}
OperatorPtr lower_op(const Lowering&, const graph::Slice& op) { return std::make_unique<SliceOperator>(op); }
OperatorPtr lower_op(const Lowering&, const graph::Pad& op) { return std::make_unique<PadOperator>(op); }
OperatorPtr lower_op(const Lowering&, const graph::Gather& op) {
    return std::make_unique<GatherOperator>(op);
}

}  // namespace espalier::engine
