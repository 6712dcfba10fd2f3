#include "graph/ops/integer_product.h"

#include "graph/check.h"
#include "graph/ops/conv2d.h"
#include "graph/ops/linear.h"

namespace espalier::graph {
namespace {

/// The types of the product of the same shapes in f32, whose rule then serves both.
TensorType infer_as(const Check& check, InputTypes inputs, std::int64_t zero_point, const auto& product) {
    check.has_inputs(3, 5).dtype(1, DType::kI8);
    const DType codes = inputs[0]->dtype;
    check.that(codes == DType::kU8 || codes == DType::kI8, "input 0 must be u8 or i8");
    const std::int64_t least = codes == DType::kU8 ? 0 : -128;
    check.that(zero_point >= least && zero_point <= least + 255, fmt::format("{} is not a code", zero_point));
    const TensorType x{DType::kF32, inputs[0]->shape};
    const TensorType w{DType::kF32, inputs[1]->shape};
    const auto given = [&](std::size_t i) { return i < inputs.size() ? inputs[i] : nullptr; };
    const TensorType* types[] = {&x, &w, given(3), given(4)};
    const TensorType y = product.infer(types);
    check.dtype(2, DType::kF32).shape(2, {inputs[1]->shape[0]});
    return y;
}

/// Work on the sums: bias, residual and activation.
std::int64_t epilogue_ops(InputTypes inputs, const TensorType& output, const Activation& activation) {
    const auto given = [&](std::size_t i) { return i < inputs.size() && inputs[i] ? 1 : 0; };
    return (given(3) + given(4) + (activation.present ? 1 : 0)) * output.shape.elements();
}

}  // namespace

TensorType IntegerConv2d::infer(InputTypes inputs) const {
    return infer_as(Check(kName, inputs), inputs, zero_point,
                    Conv2d{stride, pad, dilation, groups, layout, {}});
}

Cost IntegerConv2d::cost(InputTypes inputs, const TensorType& output) const {
    return {.macs = output.shape.elements() * inputs[1]->shape.product(1, 4),
            .other_ops = epilogue_ops(inputs, output, activation)};
}

TensorType IntegerLinear::infer(InputTypes inputs) const {
    return infer_as(Check(kName, inputs), inputs, zero_point, Linear{});
}

Cost IntegerLinear::cost(InputTypes inputs, const TensorType& output) const {
    return {.macs = output.shape.elements() * inputs[1]->shape[1], .other_ops = epilogue_ops(inputs, output, activation)};
}

}  // namespace espalier::graph
