#include "base/error.h"
#include "formats/onnx/conv.h"
#include "formats/onnx/parsers.h"
#include "formats/onnx/window.h"

namespace espalier::formats::onnx {

using namespace graph;

Conv2d conv_op(const Call& call, const Shape& image, const Shape& weights) {
    if (image.rank() != 4 || weights.rank() != 4) {
        fail("only convolutions of images are supported, not of {} with weights {}", image.str(),
             weights.str());
    }
    const Window window = read_window(call, {weights[2], weights[3]}, image[2], image[3]);
    if (call.has_attribute("kernel_shape") && read_pair(call, "kernel_shape", {}) != window.kernel) {
        fail("kernel_shape does not match the weights {}", weights.str());
    }
    return {.stride = window.stride,
            .pad = window.pad,
            .dilation = window.dilation,
            .groups = call.integer("group", 1)};
}

void parse_conv(Call& call) {
    std::vector<NodeId> inputs{call.operand(0), call.operand(1)};
    if (call.has(2)) inputs.push_back(call.operand(2));
    call.give(call.add(conv_op(call, call.type(inputs[0]).shape, call.type(inputs[1]).shape), inputs));
}

}  // namespace espalier::formats::onnx
