#include <optional>
#include <vector>

#include "base/error.h"
#include "engine/lower/lower.h"
#include "engine/lower/sparse_product.h"
#include "kernels/conv_i8/conv_i8.h"
#include "kernels/gemm_i8/gemm_i8.h"
#include "kernels/quantize/quantize_dynamic.h"
#include "kernels/sparse/spmm_i8.h"

namespace espalier::engine {
namespace {

/// Activations as codes, kept by the calling thread from step to step: each step is done with them at its
/// end.
struct Codes {
    std::vector<std::uint8_t> values;
    std::vector<kernels::Affine> affines;
};

Codes& codes(std::int64_t elements, std::int64_t groups) {
    thread_local Codes codes;
    if (codes.values.size() < static_cast<std::size_t>(elements)) {
        codes.values.resize(static_cast<std::size_t>(elements));
    }
    codes.affines.resize(static_cast<std::size_t>(groups));
    return codes;
}

class QuantizedLinearOperator final : public Operator {
  public:
    QuantizedLinearOperator(const Lowering& lowering, const graph::QuantizedLinear& op)
        : scheme_(op.scheme),
          isa_(lowering.options.isa),
          bias_(lowering.has_input(3) ? lowering.constant(3) : Tensor()),
          epilogue_(epilogue_of(op.activation)) {
        const Tensor weights = lowering.constant(1);
        const Tensor scales = lowering.constant(2);
        sparse_ = pack_sparse_i8(lowering, weights, scales);
        if (!sparse_) {
            packed_ = kernels::pack_gemm_i8(weights.span<std::int8_t>().data(), weights.shape()[0],
                                            weights.shape()[1], scales.span<float>());
        }
        if (bias_.elements() > 0) epilogue_.bias = bias_.span<float>().data();
    }

    void run(const Operands& operands, ThreadPool& pool) const override {
        const std::int64_t k = operands.inputs[0].shape().back();
        const std::int64_t elements = operands.inputs[0].shape().elements();
        const std::int64_t rows = elements / k;
        const std::int64_t groups = groups_of(operands.inputs[0].shape(), rows);
        Codes& x = codes(elements, groups);
        if (scheme_ == graph::QuantScheme::kTorch) {
            x.affines[0] = kernels::choose_qparams_reduce_range(
                kernels::find_range(operands.f32(0), elements, pool, isa_));
            kernels::quantize_u8(operands.f32(0), elements, x.affines[0], x.values.data(), pool, isa_);
        } else {
            kernels::quantize_groups_u8(operands.f32(0), groups, elements / groups, x.values.data(),
                                        x.affines.data(), pool, isa_);
        }
        kernels::Epilogue epilogue = epilogue_;
        epilogue.residual = operands.f32(4);
        const kernels::RowAffines affines{x.affines.data(), rows / groups};
        if (sparse_) {
            kernels::spmm_u8s8(rows, x.values.data(), k, affines, sparse_->packed,
                               operands.output.mutable_f32(), sparse_->packed.n(), epilogue, pool, isa_);
            return;
        }
        kernels::gemm_u8s8(rows, x.values.data(), k, affines, packed_, operands.output.mutable_f32(),
                           packed_.n(), epilogue, pool, isa_);
    }
    std::string kernel() const override {
        return sparse_ ? kernels::kernel_name_spmm_i8(isa_)
                       : std::string("gemm_") + kernels::kernel_name_i8(isa_);
    }
    std::string mac_class() const override { return sparse_ ? kSparseI8Class : "int8"; }
    double executed_share() const override { return sparse_ ? sparse_->density : 1; }
    std::size_t weight_bytes() const override {
        return (sparse_ ? sparse_->packed.size_bytes() : packed_.size_bytes()) + bias_.size_bytes();
    }
    bool may_overwrite(std::size_t index) const override { return index == 4; }

  private:
    /// How many parts of the activations have a scale of their own.
    std::int64_t groups_of(const Shape& x, std::int64_t rows) const {
        if (scheme_ == graph::QuantScheme::kTorch) return 1;
        return scheme_ == graph::QuantScheme::kPerImage ? x[0] : rows;
    }

    graph::QuantScheme scheme_;
    Isa isa_;
    Tensor bias_;
    kernels::Epilogue epilogue_;
    kernels::PackedI8 packed_;
    std::optional<SparseI8Weights> sparse_;  ///< in place of packed_ where skipping zeros is faster
};

class QuantizedConv2dOperator final : public Operator {
  public:
    QuantizedConv2dOperator(const Lowering& lowering, const graph::QuantizedConv2d& op)
        : isa_(lowering.options.isa),
          bias_(lowering.has_input(3) ? lowering.constant(3) : Tensor()),
          epilogue_(epilogue_of(op.activation)) {
        const Tensor weights = lowering.constant(1);
        const Tensor scales = lowering.constant(2);
        shape_ = conv2d_shape(op, weights.shape());
        sparse_ = pack_sparse_i8(lowering, shape_, weights, scales);
        if (!sparse_) {
            packed_ =
                kernels::pack_conv2d_i8(shape_, weights.span<std::int8_t>().data(), scales.span<float>());
        }
        if (bias_.elements() > 0) epilogue_.bias = bias_.span<float>().data();
    }

    void run(const Operands& operands, ThreadPool& pool) const override {
        const Shape& shape = operands.inputs[0].shape();
        Codes& x = codes(shape.elements(), shape[0]);
        kernels::quantize_groups_u8(operands.f32(0), shape[0], shape.product(1, 4), x.values.data(),
                                    x.affines.data(), pool, isa_);
        kernels::Epilogue epilogue = epilogue_;
        epilogue.residual = operands.f32(4);
        if (sparse_) {
            kernels::sparse_conv2d_u8s8(shape_, sparse_->packed, shape[0], shape[1], shape[2],
                                        x.values.data(), x.affines, operands.output.mutable_f32(), epilogue,
                                        pool, isa_);
            return;
        }
        kernels::conv2d_u8s8(packed_, shape[0], shape[1], shape[2], x.values.data(), x.affines,
                             operands.output.mutable_f32(), epilogue, pool, isa_);
    }
    std::string kernel() const override {
        return sparse_ ? kernels::kernel_name_spmm_i8(isa_) : packed_.kernel_name(isa_);
    }
    std::string mac_class() const override { return sparse_ ? kSparseI8Class : "int8"; }
    double executed_share() const override { return sparse_ ? sparse_->density : 1; }
    std::size_t weight_bytes() const override {
        return (sparse_ ? sparse_->packed.size_bytes() : packed_.size_bytes()) + bias_.size_bytes();
    }
    bool may_overwrite(std::size_t index) const override { return index == 4; }

  private:
    Isa isa_;
    Tensor bias_;
    kernels::Epilogue epilogue_;
    kernels::Conv2dShape shape_;
    kernels::PackedConvI8 packed_;
    std::optional<SparseI8Weights> sparse_;  ///< in place of packed_ where skipping zeros is faster
};

}  // namespace

OperatorPtr lower_op(const Lowering& lowering, const graph::QuantizedLinear& op) {
    return std::make_unique<QuantizedLinearOperator>(lowering, op);
}

OperatorPtr lower_op(const Lowering& lowering, const graph::QuantizedConv2d& op) {
    check_channels_last(lowering, op.layout);
    return std::make_unique<QuantizedConv2dOperator>(lowering, op);
}

}  // namespace espalier::engine
