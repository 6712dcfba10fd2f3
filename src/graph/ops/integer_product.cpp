#include "graph/ops/integer_product.h"

#include <cmath>

#include "graph/check.h"
#include "graph/ops/conv2d.h"
#include "graph/ops/linear.h"

namespace espalier::graph {
namespace {

/// Throws unless a residual or an output of such codes can be.
void check_codes(const Check& check, const Codes& codes, std::string_view of) {
    if (!codes.present) return;
    check.that(codes.scale > 0 && std::isfinite(codes.scale),
               fmt::format("the scale of the {} must be positive, not {}", of, codes.scale));
    check.that(codes.zero_point >= 0 && codes.zero_point <= 255,
               fmt::format("{} is not a code of the {}", codes.zero_point, of));
}

/// The types of the product of the same shapes in f32, whose rule then serves both.
template <typename Integer>
TensorType infer_as(const Integer& op, InputTypes inputs, const auto& product) {
    const Check check(Integer::kName, inputs);
    check.has_inputs(3, 5).dtype(1, DType::kI8);
    const DType codes = inputs[0]->dtype;
    check.that(codes == DType::kU8 || codes == DType::kI8, "input 0 must be u8 or i8");
    const std::int64_t least = codes == DType::kU8 ? 0 : -128;
    check.that(op.zero_point >= least && op.zero_point <= least + 255,
               fmt::format("{} is not a code", op.zero_point));
    check_codes(check, op.residual_codes, "residual");
    check_codes(check, op.output_codes, "output");
    const auto given = [&](std::size_t i) { return i < inputs.size() ? inputs[i] : nullptr; };
    check.that(!op.residual_codes.present || given(4),
               "codes of a residual are announced, but there is none");
    const TensorType x{DType::kF32, inputs[0]->shape};
    const TensorType w{DType::kF32, inputs[1]->shape};
    TensorType residual;
    if (op.residual_codes.present) {
        check.dtype(4, DType::kU8);
        residual = {DType::kF32, inputs[4]->shape};
    }
    const TensorType* types[] = {&x, &w, given(3), op.residual_codes.present ? &residual : given(4)};
    TensorType y = product.infer(types);
    check.dtype(2, DType::kF32).shape(2, {inputs[1]->shape[0]});
    if (op.output_codes.present) y.dtype = DType::kU8;
    return y;
}

/// Work on the sums: bias, residual and activation; two steps more where codes are read or made.
template <typename Integer>
std::int64_t epilogue_ops(const Integer& op, InputTypes inputs, const TensorType& output) {
    const auto given = [&](std::size_t i) { return i < inputs.size() && inputs[i] ? 1 : 0; };
    const int codes = (op.residual_codes.present ? 2 : 0) + (op.output_codes.present ? 2 : 0);
    return (given(3) + given(4) + (op.activation.present ? 1 : 0) + codes) * output.shape.elements();
}

}  // namespace

TensorType IntegerConv2d::infer(InputTypes inputs) const {
    return infer_as(*this, inputs, Conv2d{stride, pad, dilation, groups, layout, {}});
}

Cost IntegerConv2d::cost(InputTypes inputs, const TensorType& output) const {
    return {.macs = output.shape.elements() * inputs[1]->shape.product(1, 4),
            .other_ops = epilogue_ops(*this, inputs, output)};
}

TensorType IntegerLinear::infer(InputTypes inputs) const { return infer_as(*this, inputs, Linear{}); }

Cost IntegerLinear::cost(InputTypes inputs, const TensorType& output) const {
    return {.macs = output.shape.elements() * inputs[1]->shape[1],
            .other_ops = epilogue_ops(*this, inputs, output)};
}

}  // namespace espalier::graph
