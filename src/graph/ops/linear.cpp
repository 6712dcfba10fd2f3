#include "graph/ops/linear.h"

#include "graph/check.h"

namespace espalier::graph {
namespace {

/// The shape rule shared by every precision. `extra`: inputs between the weights and the bias.
TensorType infer_linear(const Check& check, InputTypes inputs, std::size_t extra) {
    check.has_inputs(2 + extra, 4 + extra).rank_at_least(0, 2).rank(1, 2);
    check.dtype(0, DType::kF32);
    const Shape& x = inputs[0]->shape;
    const Shape& w = inputs[1]->shape;
    check.that(x.back() == w[1],
               fmt::format("an input of {} features does not match weights {}", x.back(), w.str()));
    check.that(w.elements() > 0, fmt::format("weights {} are empty", w.str()));
    const Shape y = x.with(x.rank() - 1, w[0]);
    check.shape(2 + extra, {w[0]}).dtype(2 + extra, DType::kF32);
    check.shape(3 + extra, y).dtype(3 + extra, DType::kF32);
    if (extra) check.shape(2, {w[0]}).dtype(2, DType::kF32);
    return {DType::kF32, y};
}

Cost cost_linear(InputTypes inputs, const TensorType& output, std::size_t tail, bool activated) {
    const std::int64_t elements = output.shape.elements();
    const auto present = [&](std::size_t i) { return i < inputs.size() && inputs[i] ? elements : 0; };
    return {.macs = elements * inputs[1]->shape[1],
            .other_ops = present(tail) + present(tail + 1) + (activated ? elements : 0)};
}

}  // namespace

TensorType Linear::infer(InputTypes inputs) const {
    return infer_linear(Check(kName, inputs).real_weights(1), inputs, 0);
}
Cost Linear::cost(InputTypes inputs, const TensorType& output) const {
    return cost_linear(inputs, output, 2, activation.present);
}

TensorType QuantizedLinear::infer(InputTypes inputs) const {
    return infer_linear(Check(kName, inputs).dtype(1, DType::kI8), inputs, 1);
}
Cost QuantizedLinear::cost(InputTypes inputs, const TensorType& output) const {
    return cost_linear(inputs, output, 3, activation.present);
}

}  // namespace espalier::graph
