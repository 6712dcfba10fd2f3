#include "graph/ops/normalization.h"

#include "base/error.h"
#include "graph/check.h"

namespace espalier::graph {

TensorType BatchNorm::infer(InputTypes inputs) const {
    const Check check(kName, inputs);
    check.has_inputs(5).rank_at_least(0, 2).dtype(0, DType::kF32);
    const Shape& x = inputs[0]->shape;
    const std::int64_t channels = layout == Layout::kNhwc ? x.back() : x[1];
    for (std::size_t i = 1; i < 5; ++i) check.shape(i, {channels}).dtype(i, DType::kF32);
    return *inputs[0];
}

Cost BatchNorm::cost(InputTypes, const TensorType& output) const {
    return {.other_ops = (activation.present ? 3 : 2) * output.shape.elements()};
}

TensorType GroupNorm::infer(InputTypes inputs) const {
    const Check check(kName, inputs);
    check.has_inputs(3).rank_at_least(0, 2).dtype(0, DType::kF32);
    const Shape& x = inputs[0]->shape;
    const std::int64_t channels = layout == Layout::kNhwc ? x.back() : x[1];
    if (groups < 1 || channels < groups || channels % groups != 0) {
        fail("{}: {} channels do not divide into {} groups", kName, channels, groups);
    }
    for (std::size_t i = 1; i < 3; ++i) check.shape(i, {channels}).dtype(i, DType::kF32);
    return *inputs[0];
}

Cost GroupNorm::cost(InputTypes, const TensorType& output) const {
    return {.other_ops = (activation.present ? 6 : 5) * output.shape.elements()};
}

TensorType LayerNorm::infer(InputTypes inputs) const {
    const Check check(kName, inputs);
    check.has_inputs(1, 3).rank_at_least(0, 1).dtype(0, DType::kF32);
    for (std::size_t i = 1; i < 3; ++i) check.shape(i, {inputs[0]->shape.back()}).dtype(i, DType::kF32);
    return *inputs[0];
}

Cost LayerNorm::cost(InputTypes, const TensorType& output) const {
    return {.other_ops = 5 * output.shape.elements()};
}

TensorType Softmax::infer(InputTypes inputs) const {
    Check(kName, inputs).has_inputs(1).rank_at_least(0, 1).dtype(0, DType::kF32);
    normalized_axis(kName, axis, inputs[0]->shape.rank());
    return *inputs[0];
}

Cost Softmax::cost(InputTypes, const TensorType& output) const {
    return {.other_ops = 4 * output.shape.elements()};
}

}  // namespace espalier::graph
