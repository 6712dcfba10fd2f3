#include "formats/onnx/write/writers.h"

// Q/DQ form: codes minus their zero point and weights times their scale, as runtimes know to run it in
// integers.

namespace espalier::formats::onnx {

using namespace graph;

namespace {

/// x - zero_point
std::string centred(NodeWriter& to, std::int64_t zero_point) {
    Tensor zero = Tensor::allocate(to.input_type(0).dtype, {});
    zero.mutable_bytes()[0] = static_cast<std::byte>(static_cast<std::uint8_t>(zero_point));
    return to.add("DequantizeLinear",
                  {to.input(0), to.scalar(1), to.tensor(to.node().name + ".zero_point", zero)});
}

/// w times the scale of each output channel.
std::string scaled_weights(NodeWriter& to) {
    return to.add("DequantizeLinear", {to.input(1), to.input(2)}, {{"axis", std::int64_t{0}}});
}

}  // namespace

std::string write_op(NodeWriter& to, const IntegerConv2d& op) {
    const Shape& weights = to.shape(1);
    const Attributes attributes{{"dilations", Ints(op.dilation.begin(), op.dilation.end())},
                                {"group", op.groups},
                                {"kernel_shape", Ints{weights[2], weights[3]}},
                                {"pads", Ints(op.pad.begin(), op.pad.end())},
                                {"strides", Ints(op.stride.begin(), op.stride.end())}};
    return write_channels_first(to, op.layout, centred(to, op.zero_point), [&](const std::string& x) {
        std::vector<std::string> inputs{x, scaled_weights(to)};
        if (to.has(3)) inputs.push_back(to.input(3));
        return to.add("Conv", std::move(inputs), attributes);
    });
}

std::string write_op(NodeWriter& to, const IntegerLinear& op) {
    const std::string weights = to.transposed(scaled_weights(to), {1, 0});
    const std::string y = to.add("MatMul", {centred(to, op.zero_point), weights});
    return to.has(3) ? to.add("Add", {y, to.input(3)}) : y;
}

}  // namespace espalier::formats::onnx
