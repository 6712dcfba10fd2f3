#include <cstring>

#include "base/error.h"
#include "engine/lower/lower.h"
#include "engine/lower/pointwise.h"
#include "kernels/elementwise/binary.h"
#include "kernels/movement/slice.h"

namespace espalier::engine {

UnaryFunction unary_function(graph::UnaryKind kind, double lo, double hi) {
    using From = graph::UnaryKind;
    using To = kernels::Unary;
    switch (kind) {
        case From::kRelu:
            return {To::kRelu, {}};
        case From::kClip:
            return {To::kClip, {static_cast<float>(lo), static_cast<float>(hi)}};
        case From::kGelu:
            return {To::kGelu, {}};
        case From::kGeluTanh:
            return {To::kGeluTanh, {}};
        case From::kSilu:
            return {To::kSilu, {}};
        case From::kSigmoid:
            return {To::kSigmoid, {}};
        case From::kTanh:
            return {To::kTanh, {}};
        case From::kHardSwish:
            return {To::kHardSwish, {}};
        case From::kHardSigmoid:
            return {To::kHardSigmoid, {1.0f / 6.0f, 0.5f}};
        case From::kErf:
            return {To::kErf, {}};
        case From::kExp:
            return {To::kExp, {}};
        case From::kLog:
            return {To::kLog, {}};
        case From::kSqrt:
            return {To::kSqrt, {}};
        case From::kReciprocal:
            return {To::kReciprocal, {}};
        case From::kNeg:
            return {To::kNeg, {}};
        case From::kAbs:
            return {To::kAbs, {}};
    }
    fail("unknown pointwise function");
}

namespace {

class UnaryOperator final : public Operator {
  public:
    UnaryOperator(const graph::Unary& op, Isa isa)
        : function_(unary_function(op.kind, op.lo, op.hi)), isa_(isa) {}

    void run(const Operands& operands, ThreadPool& pool) const override {
        kernels::unary(function_.kind, function_.params, operands.f32(0), operands.output.mutable_f32(),
                       operands.output.shape().elements(), pool, isa_);
    }
    std::string kernel() const override { return kernel_label(kernels::name(function_.kind), isa_); }
    bool may_overwrite(std::size_t index) const override { return index == 0; }

  private:
    UnaryFunction function_;
    Isa isa_;
};

kernels::Binary binary_function(graph::BinaryKind kind) {
    using From = graph::BinaryKind;
    using To = kernels::Binary;
    switch (kind) {
        case From::kAdd:
            return To::kAdd;
        case From::kSub:
            return To::kSub;
        case From::kMul:
            return To::kMul;
        case From::kDiv:
            return To::kDiv;
        case From::kPow:
            return To::kPow;
        case From::kMin:
            return To::kMin;
        case From::kMax:
            return To::kMax;
    }
    fail("unknown pointwise function of two arguments");
}

class BinaryOperator final : public Operator {
  public:
    BinaryOperator(const graph::Binary& op, Isa isa) : kind_(binary_function(op.kind)), isa_(isa) {}

    void run(const Operands& operands, ThreadPool& pool) const override {
        kernels::binary(kind_, operands.f32(0), operands.inputs[0].shape(), operands.f32(1),
                        operands.inputs[1].shape(), operands.output.mutable_f32(), pool, isa_,
                        operands.output.row_codes());
    }
    bool gives_row_codes() const override { return true; }
    std::string kernel() const override { return kernel_label(kernels::name(kind_), isa_); }
    bool may_overwrite(std::size_t) const override { return true; }

  private:
    kernels::Binary kind_;
    Isa isa_;
};

class BroadcastBatchOperator final : public Operator {
  public:
    void run(const Operands& operands, ThreadPool& pool) const override {
        const View& x = operands.inputs[0];
        kernels::broadcast_to(x.data, x.shape(), operands.output.shape(), size_of(x.type->dtype),
                              operands.output.data, pool);
    }
    std::string kernel() const override { return "broadcast"; }
};

}  // namespace

OperatorPtr lower_op(const Lowering& lowering, const graph::Unary& op) {
    return std::make_unique<UnaryOperator>(op, lowering.options.isa);
}

OperatorPtr lower_op(const Lowering& lowering, const graph::Binary& op) {
    return std::make_unique<BinaryOperator>(op, lowering.options.isa);
}

OperatorPtr lower_op(const Lowering&, const graph::BroadcastBatch&) {
    return std::make_unique<BroadcastBatchOperator>();
}

}  // namespace espalier::engine
