#include "base/error.h"
#include "formats/onnx/parsers.h"
#include "formats/onnx/window.h"

namespace espalier::formats::onnx {

using namespace graph;

void parse_conv(Call& call) {
    const NodeId x = call.operand(0);
    const NodeId w = call.operand(1);
    const Shape& image = call.type(x).shape;
    const Shape& weights = call.type(w).shape;
    if (image.rank() != 4 || weights.rank() != 4) {
        fail("only convolutions of images are supported, not of {} with weights {}", image.str(),
             weights.str());
    }
    const Window window = read_window(call, {weights[2], weights[3]}, image[2], image[3]);
    if (call.has_attribute("kernel_shape") && read_pair(call, "kernel_shape", {}) != window.kernel) {
        fail("kernel_shape does not match the weights {}", weights.str());
    }
    std::vector<NodeId> inputs{x, w};
    if (call.has(2)) inputs.push_back(call.operand(2));
    call.give(call.add(Conv2d{.stride = window.stride,
                              .pad = window.pad,
                              .dilation = window.dilation,
                              .groups = call.integer("group", 1)},
                       inputs));
}

}  // namespace espalier::formats::onnx
