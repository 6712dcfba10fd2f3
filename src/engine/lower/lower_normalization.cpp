#include <vector>

#include "engine/lower/lower.h"
#include "engine/lower/pointwise.h"
#include "kernels/elementwise/unary.h"
#include "kernels/normalization/batch_norm.h"
#include "kernels/normalization/group_norm.h"
#include "kernels/normalization/layer_norm.h"
#include "kernels/softmax/softmax.h"

namespace espalier::engine {
namespace {

/// Applies the activation behind a normalization, if any, where its result lies.
void activate(const graph::Activation& activation, float* y, std::int64_t elements, ThreadPool& pool,
              Isa isa) {
    if (!activation.present) return;
    const UnaryFunction function = unary_function(activation.kind, activation.lo, activation.hi);
    kernels::unary(function.kind, function.params, y, y, elements, pool, isa);
}

/// Statistics become one multiplication and one addition per channel when the model is loaded, as every
/// framework's eager mode does inside its kernel.
class BatchNormOperator final : public Operator {
  public:
    BatchNormOperator(const Lowering& lowering, const graph::BatchNorm& op)
        : op_(op), isa_(lowering.options.isa) {
        const Tensor gamma = lowering.constant(1);
        const Tensor beta = lowering.constant(2);
        const Tensor mean = lowering.constant(3);
        const Tensor variance = lowering.constant(4);
        alpha_.resize(gamma.span<float>().size());
        beta_.resize(alpha_.size());
        const kernels::BatchNormParams params{gamma.span<float>().data(), beta.span<float>().data(),
                                              mean.span<float>().data(), variance.span<float>().data(),
                                              static_cast<float>(op.eps)};
        kernels::fold_batch_norm(params, static_cast<std::int64_t>(alpha_.size()), alpha_.data(),
                                 beta_.data());
    }

    void run(const Operands& operands, ThreadPool& pool) const override {
        const auto channels = static_cast<std::int64_t>(alpha_.size());
        const Shape& x = operands.inputs[0].shape();
        float* y = operands.output.mutable_f32();
        kernels::scale_shift(operands.f32(0), x.elements() / channels, channels, alpha_.data(), beta_.data(),
                             y, pool, isa_);
        activate(op_.activation, y, x.elements(), pool, isa_);
    }
    std::string kernel() const override { return kernel_label("scale_shift", isa_); }
    std::size_t weight_bytes() const override { return 2 * alpha_.size() * sizeof(float); }
    bool may_overwrite(std::size_t index) const override { return index == 0; }

  private:
    graph::BatchNorm op_;
    Isa isa_;
    std::vector<float> alpha_;
    std::vector<float> beta_;
};

class LayerNormOperator final : public Operator {
  public:
    LayerNormOperator(const Lowering& lowering, const graph::LayerNorm& op)
        : eps_(static_cast<float>(op.eps)),
          isa_(lowering.options.isa),
          gamma_(lowering.has_input(1) ? lowering.constant(1) : Tensor()),
          beta_(lowering.has_input(2) ? lowering.constant(2) : Tensor()) {}

    void run(const Operands& operands, ThreadPool& pool) const override {
        const Shape& x = operands.inputs[0].shape();
        const auto values = [](const Tensor& t) {
            return t.elements() > 0 ? t.span<float>().data() : nullptr;
        };
        const kernels::LayerNorm norm{x.elements() / x.back(), x.back(), values(gamma_), values(beta_), eps_};
        kernels::layer_norm(norm, operands.f32(0), operands.output.mutable_f32(), pool, isa_,
                            operands.output.row_codes());
    }
    bool gives_row_codes() const override { return true; }
    std::string kernel() const override { return kernel_label("layer_norm", isa_); }
    std::size_t weight_bytes() const override { return gamma_.size_bytes() + beta_.size_bytes(); }
    bool may_overwrite(std::size_t index) const override { return index == 0; }

  private:
    float eps_;
    Isa isa_;
    Tensor gamma_;
    Tensor beta_;
};

class SoftmaxOperator final : public Operator {
  public:
    SoftmaxOperator(const graph::Softmax& op, Isa isa) : op_(op), isa_(isa) {}

    void run(const Operands& operands, ThreadPool& pool) const override {
        const Shape& x = operands.inputs[0].shape();
        const int axis = static_cast<int>(op_.axis < 0 ? op_.axis + x.rank() : op_.axis);
        kernels::softmax(op_.log ? kernels::SoftmaxKind::kLogSoftmax : kernels::SoftmaxKind::kSoftmax,
                         operands.f32(0), x.product(0, axis), x[axis], x.product(axis + 1, x.rank()),
                         operands.output.mutable_f32(), pool, isa_);
    }
    std::string kernel() const override { return kernel_label("softmax", isa_); }
    bool may_overwrite(std::size_t index) const override { return index == 0; }

  private:
    graph::Softmax op_;
    Isa isa_;
};

/// batch-norm over axis 1 of a matrix or an NCHW image.
class PlainBatchNormOperator final : public Operator {
  public:
    PlainBatchNormOperator(const Lowering& lowering, const graph::BatchNorm& op)
        : op_(op), isa_(lowering.options.isa) {
        for (std::size_t i = 1; i < 5; ++i) statistics_.push_back(lowering.constant(i));
    }

    void run(const Operands& operands, ThreadPool& pool) const override {
        const Shape& x = operands.inputs[0].shape();
        const auto values = [&](std::size_t i) { return statistics_[i].span<float>().data(); };
        const kernels::BatchNormParams params{values(0), values(1), values(2), values(3),
                                              static_cast<float>(op_.eps)};
        float* y = operands.output.mutable_f32();
        kernels::batch_norm(operands.f32(0), x[0], x[1], x.product(2, x.rank()), params, y, pool, isa_);
        activate(op_.activation, y, x.elements(), pool, isa_);
    }
    std::string kernel() const override { return kernel_label("batch_norm", isa_); }
    bool may_overwrite(std::size_t index) const override { return index == 0; }

  private:
    graph::BatchNorm op_;
    Isa isa_;
    std::vector<Tensor> statistics_;
};

class GroupNormOperator final : public Operator {
  public:
    GroupNormOperator(const Lowering& lowering, const graph::GroupNorm& op)
        : op_(op), isa_(lowering.options.isa), gamma_(lowering.constant(1)), beta_(lowering.constant(2)) {}

    void run(const Operands& operands, ThreadPool& pool) const override {
        const Shape& x = operands.inputs[0].shape();
        const std::int64_t channels = gamma_.elements();
        const std::int64_t pixels = x.product(1, x.rank()) / channels;
        const kernels::GroupNorm norm{x[0],
                                      pixels,
                                      channels,
                                      op_.groups,
                                      gamma_.span<float>().data(),
                                      beta_.span<float>().data(),
                                      static_cast<float>(op_.eps)};
        float* y = operands.output.mutable_f32();
        if (op_.layout == graph::Layout::kNhwc)
            kernels::group_norm(norm, operands.f32(0), y, pool, isa_);
        else
            kernels::group_norm_planes(norm, operands.f32(0), y, pool);
        activate(op_.activation, y, x.elements(), pool, isa_);
    }
    std::string kernel() const override {
        return op_.layout == graph::Layout::kNhwc ? kernel_label("group_norm", isa_) : "group_norm/portable";
    }
    std::size_t weight_bytes() const override { return gamma_.size_bytes() + beta_.size_bytes(); }
    bool may_overwrite(std::size_t index) const override { return index == 0; }

  private:
    graph::GroupNorm op_;
    Isa isa_;
    Tensor gamma_;
    Tensor beta_;
};

}  // namespace

OperatorPtr lower_op(const Lowering& lowering, const graph::GroupNorm& op) {
    return std::make_unique<GroupNormOperator>(lowering, op);
}

OperatorPtr lower_op(const Lowering& lowering, const graph::BatchNorm& op) {
    const bool channels_last = op.layout == graph::Layout::kNhwc || lowering.node().type.shape.rank() == 2;
    if (channels_last) return std::make_unique<BatchNormOperator>(lowering, op);
    return std::make_unique<PlainBatchNormOperator>(lowering, op);
}

OperatorPtr lower_op(const Lowering& lowering, const graph::LayerNorm& op) {
    return std::make_unique<LayerNormOperator>(lowering, op);
}

OperatorPtr lower_op(const Lowering& lowering, const graph::Softmax& op) {
    return std::make_unique<SoftmaxOperator>(op, lowering.options.isa);
}

}  // namespace espalier::engine
