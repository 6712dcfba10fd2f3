#include <cstring>
#include <vector>

#include "engine/lower/lower.h"
#include "kernels/quantize/quantize_linear.h"

namespace espalier::engine {
namespace {

/// Scales and zero points of a quantized tensor, and the axis they run along.
struct Parameters {
    Tensor scales;
    std::vector<std::int32_t> zero_points;
    std::int64_t axis;

    kernels::QuantizedLayout layout(const Shape& x) const {
        const std::int64_t channels = scales.elements();
        const float* scale = scales.span<float>().data();
        if (channels == 1) return {1, 1, x.elements(), scale, zero_points.data()};
        const int along = static_cast<int>(axis < 0 ? axis + x.rank() : axis);
        return {x.product(0, along), channels, x.product(along + 1, x.rank()), scale, zero_points.data()};
    }
};

Parameters parameters_of(const Lowering& lowering, std::int64_t axis) {
    Parameters parameters{lowering.constant(1), {}, axis};
    parameters.zero_points.assign(static_cast<std::size_t>(parameters.scales.elements()), 0);
    if (lowering.has_input(2)) {
        const Tensor zero = lowering.constant(2).to_f32();
        const auto values = zero.span<float>();
        parameters.zero_points.assign(values.begin(), values.end());
    }
    return parameters;
}

class QuantizeLinearOperator final : public Operator {
  public:
    QuantizeLinearOperator(Parameters parameters, Isa isa) : parameters_(std::move(parameters)), isa_(isa) {}

    void run(const Operands& operands, ThreadPool& pool) const override {
        const auto layout = parameters_.layout(operands.output.shape());
        if (operands.output.type->dtype == DType::kU8) {
            auto* y = reinterpret_cast<std::uint8_t*>(operands.output.data);
            kernels::quantize_linear(layout, operands.f32(0), y, pool, isa_);
        } else {
            auto* y = reinterpret_cast<std::int8_t*>(operands.output.data);
            kernels::quantize_linear(layout, operands.f32(0), y, pool, isa_);
        }
    }
    std::string kernel() const override { return kernel_label("quantize_linear", isa_); }

  private:
    Parameters parameters_;
    Isa isa_;
};

class DequantizeLinearOperator final : public Operator {
  public:
    explicit DequantizeLinearOperator(Parameters parameters) : parameters_(std::move(parameters)) {}

    void run(const Operands& operands, ThreadPool& pool) const override {
        const View& x = operands.inputs[0];
        const auto layout = parameters_.layout(x.shape());
        float* y = operands.output.mutable_f32();
        switch (x.type->dtype) {
            case DType::kU8:
                kernels::dequantize_linear(layout, reinterpret_cast<const std::uint8_t*>(x.data), y, pool);
                break;
            case DType::kI8:
                kernels::dequantize_linear(layout, reinterpret_cast<const std::int8_t*>(x.data), y, pool);
                break;
            default:
                kernels::dequantize_linear(layout, reinterpret_cast<const std::int32_t*>(x.data), y, pool);
        }
    }
    std::string kernel() const override { return "dequantize_linear"; }

  private:
    Parameters parameters_;
};

}  // namespace

OperatorPtr lower_op(const Lowering& lowering, const graph::QuantizeLinear& op) {
    return std::make_unique<QuantizeLinearOperator>(parameters_of(lowering, op.axis), lowering.options.isa);
}

OperatorPtr lower_op(const Lowering& lowering, const graph::DequantizeLinear& op) {
    return std::make_unique<DequantizeLinearOperator>(parameters_of(lowering, op.axis));
}

}  // namespace espalier::engine
