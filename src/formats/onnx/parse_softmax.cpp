#include "base/error.h"
#include "formats/onnx/parsers.h"

namespace espalier::formats::onnx {

using namespace graph;

/// Softmax, LogSoftmax. Before opset 13 they work on all axes from `axis` on together, since then on one.
void parse_softmax(Call& call) {
    const NodeId x = call.operand(0);
    const int rank = call.type(x).shape.rank();
    const bool log = call.op_type() == "LogSoftmax";
    const bool joint = call.opset() < 13;
    const int axis = axis_of(call.integer("axis", joint ? 1 : -1), rank);
    if (!joint || axis == rank - 1) return call.give(call.add(Softmax{.axis = axis, .log = log}, {x}));
    const auto extents = call.graph().extents(x);
    std::vector<Extent> flat(extents.begin(), extents.begin() + axis);
    Extent rest{1, 0};
    for (int i = axis; i < rank; ++i) rest = rest * extents[static_cast<std::size_t>(i)];
    flat.push_back(rest);
    call.give(call.reshape(call.add(Softmax{.axis = axis, .log = log}, {call.reshape(x, flat)}), extents));
}

}  // namespace espalier::formats::onnx
