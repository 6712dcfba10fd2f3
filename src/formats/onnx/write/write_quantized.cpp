#include "formats/onnx/write/functions.h"
#include "formats/onnx/write/writers.h"

namespace espalier::formats::onnx {

using namespace graph;

namespace {

/// Input 3, or zeros: the functions always add one.
std::string bias_of(NodeWriter& to) {
    if (to.has(3)) return to.input(3);
    return to.tensor(to.node().name + ".zeros", Tensor::allocate(DType::kF32, to.shape(2)));
}

}  // namespace

std::string write_op(NodeWriter& to, const QuantizedLinear& op) {
    std::string y =
        to.call(quantized_linear(op.scheme), {to.input(0), write_weights(to), to.input(2), bias_of(to)});
    return write_epilogue(to, std::move(y), 4, op.activation);
}

std::string write_op(NodeWriter& to, const QuantizedConv2d& op) {
    const Quad& p = op.pad;
    const Attributes attributes{{"dilations", Ints(op.dilation.begin(), op.dilation.end())},
                                {"group", op.groups},
                                {"pads", Ints{0, 0, p[0], p[1], 0, 0, p[2], p[3]}},
                                {"strides", Ints(op.stride.begin(), op.stride.end())}};
    std::string y = write_channels_first(to, op.layout, to.input(0), [&](const std::string& x) {
        return to.call(quantized_conv(op.scheme), {x, to.input(1), to.input(2), bias_of(to)}, attributes);
    });
    return write_epilogue(to, std::move(y), 4, op.activation);
}

}  // namespace espalier::formats::onnx
