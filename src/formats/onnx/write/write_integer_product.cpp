#include "formats/onnx/write/writers.h"

// Q/DQ form: codes and weights, each less its zero point and times its scale, as runtimes know to run it in
// integers.

namespace espalier::formats::onnx {

using namespace graph;

namespace {

/// The scale of the codes where they are quantized just before; else 1, and the weights have all of it.
float scale_of_codes(const NodeWriter& to) {
    const NodeId codes = to.node().inputs[0];
    const Tensor* scale =
        to.graph().as<QuantizeLinear>(codes) ? to.graph().constant(to.graph()[codes].inputs[1]) : nullptr;
    return scale && scale->elements() == 1 ? scale->to_aligned().span<float>()[0] : 1.0F;
}

/// (x - zero_point) times the scale of the codes.
std::string dequantized_codes(NodeWriter& to, std::int64_t zero_point) {
    Tensor zero = Tensor::allocate(to.input_type(0).dtype, {});
    zero.mutable_bytes()[0] = static_cast<std::byte>(static_cast<std::uint8_t>(zero_point));
    return to.add("DequantizeLinear", {to.input(0), to.scalar(scale_of_codes(to)),
                                       to.tensor(to.node().name + ".zero_point", zero)});
}

/// The two constants of a map to codes.
std::vector<std::string> parameters(NodeWriter& to, const Codes& codes, const std::string& of) {
    const auto zero = static_cast<std::uint8_t>(codes.zero_point);
    return {to.scalar(static_cast<float>(codes.scale)),
            to.tensor(to.node().name + of, Tensor::of<std::uint8_t>({}, {&zero, 1}))};
}

/// What follows the sums, up to codes.
template <typename Integer>
std::string write_rest(NodeWriter& to, const Integer& op, std::string y) {
    if (to.has(4)) {
        std::string residual = to.input(4);
        if (op.residual_codes.present) {
            const auto maps = parameters(to, op.residual_codes, ".residual_zero_point");
            residual = to.add("DequantizeLinear", {residual, maps[0], maps[1]});
        }
        y = to.add("Add", {y, residual});
    }
    y = write_activation(to, std::move(y), op.activation);
    if (!op.output_codes.present) return y;
    const auto maps = parameters(to, op.output_codes, ".output_zero_point");
    return to.add("QuantizeLinear", {y, maps[0], maps[1]});
}

/// w times the scale of each output channel, less that of the codes.
std::string dequantized_weights(NodeWriter& to) {
    const Tensor* scales = to.constant(2);
    const float codes = scale_of_codes(to);
    std::string name;
    if (scales && codes != 1.0F) {
        Tensor own = scales->to_aligned().clone();
        for (float& scale : own.mutable_span<float>()) scale /= codes;
        name = to.tensor(to.input_name(2), own);
    }
    return to.add("DequantizeLinear", {to.input(1), name.empty() ? to.input(2) : name},
                  {{"axis", std::int64_t{0}}});
}

}  // namespace

std::string write_op(NodeWriter& to, const IntegerConv2d& op) {
    const Shape& weights = to.shape(1);
    const Attributes attributes{{"dilations", Ints(op.dilation.begin(), op.dilation.end())},
                                {"group", op.groups},
                                {"kernel_shape", Ints{weights[2], weights[3]}},
                                {"pads", Ints(op.pad.begin(), op.pad.end())},
                                {"strides", Ints(op.stride.begin(), op.stride.end())}};
    std::string y =
        write_channels_first(to, op.layout, dequantized_codes(to, op.zero_point), [&](const std::string& x) {
            std::vector<std::string> inputs{x, dequantized_weights(to)};
            if (to.has(3)) inputs.push_back(to.input(3));
            return to.add("Conv", std::move(inputs), attributes);
        });
    return write_rest(to, op, std::move(y));
}

std::string write_op(NodeWriter& to, const IntegerLinear& op) {
    const std::string weights = to.transposed(dequantized_weights(to), {1, 0});
    std::string y = to.add("MatMul", {dequantized_codes(to, op.zero_point), weights});
    if (to.has(3)) y = to.add("Add", {y, to.input(3)});
    return write_rest(to, op, std::move(y));
}

}  // namespace espalier::formats::onnx
