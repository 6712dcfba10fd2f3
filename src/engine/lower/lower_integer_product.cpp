#include <algorithm>
#include <vector>

#include "engine/lower/lower.h"
#include "kernels/conv_i8/conv_i8.h"
#include "kernels/gemm_i8/gemm_i8.h"

namespace espalier::engine {
namespace {

/// Codes as the kernels take them: u8 as they are; s8 moved up by 128, as their zero point is.
class CodesOperand {
  public:
    CodesOperand(const Lowering& lowering, std::int64_t zero_point)
        : is_signed_(lowering.input_type(0).dtype == DType::kI8),
          affine_{1, static_cast<std::int32_t>(zero_point + (is_signed_ ? 128 : 0))} {}

    const kernels::Affine& affine() const { return affine_; }

    const std::uint8_t* read(const View& x) const {
        if (!is_signed_) return reinterpret_cast<const std::uint8_t*>(x.data);
        thread_local std::vector<std::uint8_t> moved;
        const auto count = static_cast<std::size_t>(x.shape().elements());
        if (moved.size() < count) moved.resize(count);
        const auto* from = reinterpret_cast<const std::uint8_t*>(x.data);
        for (std::size_t i = 0; i < count; ++i) moved[i] = static_cast<std::uint8_t>(from[i] ^ 0x80);
        return moved.data();
    }

  private:
    bool is_signed_;
    kernels::Affine affine_;
};

/// The ends that are codes, but for where they lie.
kernels::CodedEnds ends_of(const auto& op) {
    const auto map = [](const graph::Codes& codes) {
        return kernels::Affine{static_cast<float>(codes.scale), static_cast<std::int32_t>(codes.zero_point)};
    };
    return {.residual_map = map(op.residual_codes), .result_map = map(op.output_codes)};
}

/// Where the ends of one execution lie: as floats in `epilogue` and the returned result, or as codes in
/// `ends`.
float* place_ends(const Operands& operands, kernels::Epilogue& epilogue, kernels::CodedEnds& ends) {
    if (operands.inputs.size() > 4 && operands.inputs[4].data) {
        const View& residual = operands.inputs[4];
        if (residual.type->dtype == DType::kU8) {
            ends.residual = reinterpret_cast<const std::uint8_t*>(residual.data);
        } else {
            epilogue.residual = residual.f32();
        }
    }
    if (operands.output.type->dtype != DType::kU8) return operands.output.mutable_f32();
    ends.result = reinterpret_cast<std::uint8_t*>(operands.output.data);
    return nullptr;
}

class IntegerLinearOperator final : public Operator {
  public:
    IntegerLinearOperator(const Lowering& lowering, const graph::IntegerLinear& op)
        : isa_(lowering.options.isa),
          codes_(lowering, op.zero_point),
          bias_(lowering.has_input(3) ? lowering.constant(3) : Tensor()),
          epilogue_(epilogue_of(op.activation)),
          ends_(ends_of(op)) {
        const Tensor weights = lowering.weights();
        packed_ =
            kernels::pack_gemm_i8(weights.span<std::int8_t>().data(), weights.shape()[0], weights.shape()[1],
                                  lowering.constant(2).span<float>(), lowering.memory);
        if (bias_.elements() > 0) epilogue_.bias = bias_.span<float>().data();
    }

    void run(const Operands& operands, ThreadPool& pool) const override {
        const std::int64_t rows = operands.inputs[0].shape().elements() / packed_.k();
        const kernels::RowAffines affines{&codes_.affine(), std::max<std::int64_t>(rows, 1)};
        kernels::Epilogue epilogue = epilogue_;
        kernels::CodedEnds ends = ends_;
        float* const y = place_ends(operands, epilogue, ends);
        kernels::gemm_u8s8(rows, codes_.read(operands.inputs[0]), packed_.k(), affines, packed_, y,
                           packed_.n(), epilogue, pool, isa_, ends);
    }
    std::string kernel() const override { return std::string("gemm_") + kernels::kernel_name_i8(isa_); }
    std::string mac_class() const override { return "int8"; }
    std::size_t weight_bytes() const override { return packed_.size_bytes() + bias_.size_bytes(); }
    bool may_overwrite(std::size_t index) const override { return index == 4; }

  private:
    Isa isa_;
    CodesOperand codes_;
    Tensor bias_;
    kernels::Epilogue epilogue_;
    kernels::CodedEnds ends_;
    kernels::PackedI8 packed_;
};

class IntegerConv2dOperator final : public Operator {
  public:
    IntegerConv2dOperator(const Lowering& lowering, const graph::IntegerConv2d& op)
        : isa_(lowering.options.isa),
          codes_(lowering, op.zero_point),
          bias_(lowering.has_input(3) ? lowering.constant(3) : Tensor()),
          epilogue_(epilogue_of(op.activation)),
          ends_(ends_of(op)) {
        const Tensor weights = lowering.weights();
        packed_ =
            kernels::pack_conv2d_i8(conv2d_shape(op, weights.shape()), weights.span<std::int8_t>().data(),
                                    lowering.constant(2).span<float>(), lowering.memory);
        if (bias_.elements() > 0) epilogue_.bias = bias_.span<float>().data();
    }

    void run(const Operands& operands, ThreadPool& pool) const override {
        const Shape& shape = operands.inputs[0].shape();
        kernels::Epilogue epilogue = epilogue_;
        kernels::CodedEnds ends = ends_;
        float* const y = place_ends(operands, epilogue, ends);
        kernels::conv2d_u8s8(packed_, shape[0], shape[1], shape[2], codes_.read(operands.inputs[0]),
                             {&codes_.affine(), 1}, y, epilogue, pool, isa_, ends);
    }
    std::string kernel() const override { return packed_.kernel_name(isa_); }
    std::string mac_class() const override { return "int8"; }
    std::size_t weight_bytes() const override { return packed_.size_bytes() + bias_.size_bytes(); }
    bool may_overwrite(std::size_t index) const override { return index == 4; }

  private:
    Isa isa_;
    CodesOperand codes_;
    Tensor bias_;
    kernels::Epilogue epilogue_;
    kernels::CodedEnds ends_;
    kernels::PackedConvI8 packed_;
};

}  // namespace

OperatorPtr lower_op(const Lowering& lowering, const graph::IntegerLinear& op) {
    return std::make_unique<IntegerLinearOperator>(lowering, op);
}

OperatorPtr lower_op(const Lowering& lowering, const graph::IntegerConv2d& op) {
    check_channels_last(lowering, op.layout);
    return std::make_unique<IntegerConv2dOperator>(lowering, op);
}

}  // namespace espalier::engine
