#include "base/error.h"
#include "formats/onnx/parsers.h"
#include "formats/onnx/take.h"

namespace espalier::formats::onnx {

using namespace graph;

/// Slice: one step per axis that is cut.
void parse_slice(Call& call) {
    const auto begins = call.known_integers(1);
    const auto ends = call.known_integers(2);
    const int rank = static_cast<int>(shape_of(call).size());
    Ints axes;
    for (std::size_t i = 0; i < begins.size(); ++i) axes.push_back(static_cast<std::int64_t>(i));
    if (call.has(3)) axes = call.known_integers(3);
    Ints steps(begins.size(), 1);
    if (call.has(4)) steps = call.known_integers(4);
    if (ends.size() != begins.size() || axes.size() != begins.size() || steps.size() != begins.size()) {
        fail("starts, ends, axes and steps differ in length");
    }
    auto content = call.input(0).content;
    for (std::size_t i = 0; i < begins.size(); ++i) {
        content = take_range(call, content, axis_of(axes[i], rank), begins[i], ends[i], steps[i]);
    }
    call.give(std::move(content));
}

}  // namespace espalier::formats::onnx
