#include "formats/onnx/write/writers.h"

namespace espalier::formats::onnx {

using namespace graph;

std::string write_op(NodeWriter& to, const Conv2d& op) {
    const Shape& weights = to.shape(1);
    const Attributes attributes{{"dilations", Ints(op.dilation.begin(), op.dilation.end())},
                                {"group", op.groups},
                                {"kernel_shape", Ints{weights[2], weights[3]}},
                                {"pads", Ints(op.pad.begin(), op.pad.end())},
                                {"strides", Ints(op.stride.begin(), op.stride.end())}};
    std::string y = write_channels_first(to, op.layout, to.input(0), [&](const std::string& x) {
        std::vector<std::string> inputs{x, write_real_weights(to)};
        if (to.has(2)) inputs.push_back(to.input(2));
        return to.add("Conv", std::move(inputs), attributes);
    });
    return write_epilogue(to, std::move(y), 3, op.activation);
}

}  // namespace espalier::formats::onnx
