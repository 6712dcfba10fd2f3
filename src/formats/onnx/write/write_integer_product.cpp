#include "formats/onnx/proto.h"
#include "formats/onnx/write/writers.h"

namespace espalier::formats::onnx {

using namespace graph;

namespace {

/// A scalar of the type of the codes.
std::string zero_point(NodeWriter& to, std::int64_t value) {
    const DType dtype = to.input_type(0).dtype;
    Tensor tensor = Tensor::allocate(dtype, {});
    tensor.mutable_bytes()[0] = static_cast<std::byte>(static_cast<std::uint8_t>(value));
    return to.tensor(to.node().name + ".zero_point", tensor);
}

/// float(sums) * scale + bias, one number per output channel, of shape `channel`.
std::string scaled(NodeWriter& to, const std::string& sums, const Ints& channel) {
    const std::string y = to.add("Cast", {sums}, {{"to", data_type_of(DType::kF32)}});
    const std::string product = to.add("Mul", {y, to.reshaped(to.input(2), channel)});
    return to.has(3) ? to.add("Add", {product, to.reshaped(to.input(3), channel)}) : product;
}

}  // namespace

std::string write_op(NodeWriter& to, const IntegerConv2d& op) {
    const Shape& weights = to.shape(1);
    const Attributes attributes{{"dilations", Ints(op.dilation.begin(), op.dilation.end())},
                                {"group", op.groups},
                                {"kernel_shape", Ints{weights[2], weights[3]}},
                                {"pads", Ints(op.pad.begin(), op.pad.end())},
                                {"strides", Ints(op.stride.begin(), op.stride.end())}};
    return write_channels_first(to, op.layout, to.input(0), [&](const std::string& x) {
        const std::string sums = to.add("ConvInteger", {x, to.input(1), zero_point(to, op.zero_point)}, attributes);
        return scaled(to, sums, {-1, 1, 1});
    });
}

std::string write_op(NodeWriter& to, const IntegerLinear& op) {
    const std::string sums =
        to.add("MatMulInteger", {to.input(0), write_weights(to), zero_point(to, op.zero_point)});
    return scaled(to, sums, {-1});
}

}  // namespace espalier::formats::onnx
