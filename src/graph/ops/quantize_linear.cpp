#include "graph/ops/quantize_linear.h"

#include "graph/check.h"

namespace espalier::graph {
namespace {

/// The scale is one number or one per index of the axis; the zero point has as many.
void check_parameters(const Check& check, std::string_view op, InputTypes inputs, std::int64_t axis) {
    const Shape& x = inputs[0]->shape;
    const std::int64_t count = inputs[1]->shape.elements();
    if (count != 1) {
        const int along = normalized_axis(op, axis, x.rank());
        check.that(inputs[1]->shape.rank() == 1 && count == x[along],
                   fmt::format("{} scales do not match axis {} of {}", count, along, x.str()));
    }
    if (inputs.size() > 2 && inputs[2]) {
        check.that(inputs[2]->shape.elements() == count, "there must be as many zero points as scales");
    }
}

}  // namespace

TensorType QuantizeLinear::infer(InputTypes inputs) const {
    const Check check(kName, inputs);
    check.has_inputs(3).dtype(0, DType::kF32).dtype(1, DType::kF32);
    check_parameters(check, kName, inputs, axis);
    const DType dtype = inputs[2]->dtype;
    check.that(dtype == DType::kU8 || dtype == DType::kI8, "the zero point must be u8 or i8");
    return {dtype, inputs[0]->shape};
}

Cost QuantizeLinear::cost(InputTypes, const TensorType& output) const {
    return {.other_ops = 2 * output.shape.elements()};
}

TensorType DequantizeLinear::infer(InputTypes inputs) const {
    const Check check(kName, inputs);
    check.has_inputs(2, 3).dtype(1, DType::kF32).dtype(2, inputs[0]->dtype);
    const DType dtype = inputs[0]->dtype;
    check.that(dtype == DType::kU8 || dtype == DType::kI8 || dtype == DType::kI32,
               "input 0 must be u8, i8 or i32");
    check_parameters(check, kName, inputs, axis);
    return {DType::kF32, inputs[0]->shape};
}

Cost DequantizeLinear::cost(InputTypes, const TensorType& output) const {
    return {.other_ops = 2 * output.shape.elements()};
}

}  // namespace espalier::graph
