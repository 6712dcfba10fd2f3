#include "graph/ops/conv2d.h"

#include "graph/check.h"

namespace espalier::graph {
namespace {

/// The shape rule shared by every precision. `extra`: inputs between the weights and the bias.
template <typename Op>
TensorType infer_conv(const Op& op, const Check& check, InputTypes inputs, std::size_t extra) {
    check.has_inputs(2 + extra, 4 + extra).rank(0, 4).rank(1, 4).dtype(0, DType::kF32);
    const Shape& x = inputs[0]->shape;
    const Shape& w = inputs[1]->shape;
    const bool nhwc = op.layout == Layout::kNhwc;
    const std::int64_t channels = nhwc ? x[3] : x[1];
    const std::int64_t height = nhwc ? x[1] : x[2];
    const std::int64_t width = nhwc ? x[2] : x[3];
    check.that(op.groups >= 1 && w[0] >= 1 && w[0] % op.groups == 0,
               fmt::format("{} output channels do not divide into {} groups", w[0], op.groups));
    // Compared by division: a hostile file could make the product overflow.
    check.that(channels % op.groups == 0 && channels / op.groups == w[1],
               fmt::format("weights {} with {} groups do not match an input of {} channels", w.str(),
                           op.groups, channels));
    const Window window{{w[2], w[3]}, op.stride, op.pad, op.dilation};
    const Pair out = window.output(Op::kName, height, width);
    const Shape y = nhwc ? Shape{x[0], out[0], out[1], w[0]} : Shape{x[0], w[0], out[0], out[1]};
    check.shape(2 + extra, {w[0]}).dtype(2 + extra, DType::kF32);
    check.shape(3 + extra, y).dtype(3 + extra, DType::kF32);
    if (extra) check.shape(2, {w[0]}).dtype(2, DType::kF32);
    return {DType::kF32, y};
}

/// `tail`: index of the bias, which the residual follows.
Cost cost_conv(InputTypes inputs, const TensorType& output, std::size_t tail, bool activated) {
    const std::int64_t elements = output.shape.elements();
    const auto present = [&](std::size_t i) { return i < inputs.size() && inputs[i] ? elements : 0; };
    return {.macs = elements * inputs[1]->shape.product(1, 4),
            .other_ops = present(tail) + present(tail + 1) + (activated ? elements : 0)};
}

}  // namespace

bool is_pointwise(const Quad& pad, std::int64_t groups, const Shape& weights) {
    return groups == 1 && pad == Quad{0, 0, 0, 0} && weights[2] == 1 && weights[3] == 1;
}

TensorType Conv2d::infer(InputTypes inputs) const {
    return infer_conv(*this, Check(kName, inputs).real_weights(1), inputs, 0);
}
Cost Conv2d::cost(InputTypes inputs, const TensorType& output) const {
    return cost_conv(inputs, output, 2, activation.present);
}

TensorType QuantizedConv2d::infer(InputTypes inputs) const {
    const Check check(kName, inputs);
    const TensorType output = infer_conv(*this, check.dtype(1, DType::kI8), inputs, 1);
    check.that(scheme != QuantScheme::kTorch, "the scheme 'torch' is for linear layers");
    check.that(scheme == QuantScheme::kPerImage || is_pointwise(pad, groups, inputs[1]->shape),
               "pixels have scales of their own only where a window is one pixel, without padding or groups");
    return output;
}
Cost QuantizedConv2d::cost(InputTypes inputs, const TensorType& output) const {
    return cost_conv(inputs, output, 3, activation.present);
}

}  // namespace espalier::graph
