#include <optional>
#include <span>
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

/// Activations as codes, with one map for each of equal parts.
struct Codes {
    const std::uint8_t* values;
    std::span<const kernels::Affine> affines;
};

/// Room for codes, kept by the calling thread from step to step: each step is done with them at its end.
kernels::RowCodes room_for_codes(std::int64_t elements, std::int64_t groups) {
    thread_local std::vector<std::uint8_t> values;
    thread_local std::vector<kernels::Affine> affines;
    const auto grow = [](auto& room, std::int64_t size) {
        if (room.size() < static_cast<std::size_t>(size)) room.resize(static_cast<std::size_t>(size));
    };
    grow(values, elements);
    grow(affines, groups);
    return {values.data(), affines.data()};
}

/// A value in `groups` equal parts, each quantized by its range; or its row codes, where there are some and
/// the parts are rows.
Codes quantized(const View& x, std::int64_t groups, ThreadPool& pool, Isa isa) {
    const auto count = static_cast<std::size_t>(groups);
    if (x.codes && groups == x.rows()) return {x.row_codes().codes, {x.row_codes().affines, count}};
    const std::int64_t elements = x.shape().elements();
    const kernels::RowCodes room = room_for_codes(elements, groups);
    kernels::quantize_groups_u8(x.f32(), groups, elements / groups, room.codes, room.affines, pool, isa);
    return {room.codes, {room.affines, count}};
}

/// A value quantized as torch.ao does it.
Codes quantized_as_torch(const View& x, ThreadPool& pool, Isa isa) {
    const std::int64_t elements = x.shape().elements();
    const kernels::RowCodes room = room_for_codes(elements, 1);
    *room.affines = kernels::choose_qparams_reduce_range(kernels::find_range(x.f32(), elements, pool, isa));
    kernels::quantize_u8(x.f32(), elements, *room.affines, room.codes, pool, isa);
    return {room.codes, {room.affines, 1}};
}

class QuantizedLinearOperator final : public Operator {
  public:
    QuantizedLinearOperator(const Lowering& lowering, const graph::QuantizedLinear& op)
        : scheme_(op.scheme),
          isa_(lowering.options.isa),
          bias_(lowering.has_input(3) ? lowering.constant(3) : Tensor()),
          epilogue_(epilogue_of(op.activation)) {
        const Tensor weights = lowering.weights();
        const Tensor scales = lowering.constant(2);
        sparse_ = pack_sparse_i8(lowering, weights, scales);
        if (!sparse_) {
            packed_ = kernels::pack_gemm_i8(weights.span<std::int8_t>().data(), weights.shape()[0],
                                            weights.shape()[1], scales.span<float>(), lowering.memory);
        }
        if (bias_.elements() > 0) epilogue_.bias = bias_.span<float>().data();
    }

    void run(const Operands& operands, ThreadPool& pool) const override {
        const View& input = operands.inputs[0];
        const std::int64_t k = input.shape().back(), rows = input.rows();
        const Codes x = scheme_ == graph::QuantScheme::kTorch
                            ? quantized_as_torch(input, pool, isa_)
                            : quantized(input, groups_of(input), pool, isa_);
        const kernels::RowAffines affines{x.affines.data(),
                                          rows / static_cast<std::int64_t>(x.affines.size())};
        kernels::Epilogue epilogue = epilogue_;
        epilogue.residual = operands.f32(4);
        epilogue.row_codes = operands.output.row_codes();
        float* const y = operands.output.mutable_f32();
        if (sparse_) {
            kernels::spmm_u8s8(rows, x.values, k, affines, sparse_->packed, y, sparse_->packed.n(), epilogue,
                               pool, isa_);
        } else {
            kernels::gemm_u8s8(rows, x.values, k, affines, packed_, y, packed_.n(), epilogue, pool, isa_);
        }
    }
    bool takes_row_codes(std::size_t index) const override {
        return index == 0 && scheme_ == graph::QuantScheme::kPerRow;
    }
    bool gives_row_codes() const override { return !sparse_; }
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
    std::int64_t groups_of(const View& x) const {
        return scheme_ == graph::QuantScheme::kPerImage ? x.shape()[0] : x.rows();
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
        : scheme_(op.scheme),
          isa_(lowering.options.isa),
          bias_(lowering.has_input(3) ? lowering.constant(3) : Tensor()),
          epilogue_(epilogue_of(op.activation)) {
        const Tensor weights = lowering.weights();
        const Tensor scales = lowering.constant(2);
        shape_ = conv2d_shape(op, weights.shape());
        sparse_ = pack_sparse_i8(lowering, shape_, weights, scales);
        if (!sparse_) {
            packed_ = kernels::pack_conv2d_i8(shape_, weights.span<std::int8_t>().data(),
                                              scales.span<float>(), lowering.memory);
        }
        if (bias_.elements() > 0) epilogue_.bias = bias_.span<float>().data();
    }

    void run(const Operands& operands, ThreadPool& pool) const override {
        const View& input = operands.inputs[0];
        const Shape& shape = input.shape();
        const Codes x = quantized(input, per_pixel() ? input.rows() : shape[0], pool, isa_);
        kernels::Epilogue epilogue = epilogue_;
        epilogue.residual = operands.f32(4);
        epilogue.row_codes = operands.output.row_codes();
        float* const y = operands.output.mutable_f32();
        if (sparse_) {
            kernels::sparse_conv2d_u8s8(shape_, sparse_->packed, shape[0], shape[1], shape[2], x.values,
                                        x.affines, y, epilogue, pool, isa_);
        } else {
            kernels::conv2d_u8s8(packed_, shape[0], shape[1], shape[2], x.values, x.affines, y, epilogue,
                                 pool, isa_);
        }
    }
    bool takes_row_codes(std::size_t index) const override { return index == 0 && per_pixel(); }
    bool gives_row_codes() const override { return !sparse_ && shape_.groups == 1; }
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
    bool per_pixel() const { return scheme_ == graph::QuantScheme::kPerRow; }

    graph::QuantScheme scheme_;
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
