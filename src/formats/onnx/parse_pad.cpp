#include "base/error.h"
#include "formats/onnx/parsers.h"
#include "formats/onnx/quantized.h"

namespace espalier::formats::onnx {

using namespace graph;

/// Constant padding only. pads holds all befores, then all afters, of the axes named by input 3 or of all.
void parse_pad(Call& call) {
    const std::string mode = call.text("mode", "constant");
    if (mode != "constant") fail("padding of mode '{}' is not supported", mode);
    const NodeId x = call.operand(0);
    const int rank = call.type(x).shape.rank();
    const Ints pads = call.known_integers(1);
    Ints axes;
    for (int axis = 0; axis < rank; ++axis) axes.push_back(axis);
    if (call.has(3)) axes = call.known_integers(3);
    if (pads.size() != 2 * axes.size()) fail("{} pads do not fit {} axes", pads.size(), axes.size());
    Pad pad{Ints(static_cast<std::size_t>(rank), 0), Ints(static_cast<std::size_t>(rank), 0),
            call.scalar(2, 0)};
    bool any = false;
    for (std::size_t i = 0; i < axes.size(); ++i) {
        const auto axis = static_cast<std::size_t>(axis_of(axes[i], rank));
        pad.before[axis] = pads[i];
        pad.after[axis] = pads[i + axes.size()];
        any = any || pads[i] != 0 || pads[i + axes.size()] != 0;
    }
    call.give(any ? through_floats(call, x, pad) : x);
}

}  // namespace espalier::formats::onnx
