#include <algorithm>

#include "base/error.h"
#include "formats/onnx/concat.h"
#include "formats/onnx/fold.h"
#include "formats/onnx/parsers.h"

namespace espalier::formats::onnx {

using namespace graph;

namespace {

/// Integer lists behind each other; nothing when an input is none.
std::optional<Integers> concat_integers(Call& call) {
    Integers result{{0}, {}};
    for (std::size_t i = 0; i < call.inputs(); ++i) {
        const auto part = call.integers(i);
        if (!part || part->shape.rank() != 1) return std::nullopt;
        result.elements.insert(result.elements.end(), part->elements.begin(), part->elements.end());
    }
    if (static_cast<std::int64_t>(result.elements.size()) > Integers::kMostElements)
        fail("the list is too long");
    return Integers::list(std::move(result.elements));
}

}  // namespace

void repeat_rows(Call& call, std::vector<NodeId>& inputs) {
    const auto is_batched = [&](NodeId id) {
        const auto extents = call.graph().extents(id);
        return !extents.empty() && extents[0] == Extent{0, 1};
    };
    if (std::none_of(inputs.begin(), inputs.end(), is_batched)) return;
    for (NodeId& id : inputs) {
        const auto extents = call.graph().extents(id);
        if (extents.empty() || !(extents[0] == Extent{1, 0})) continue;
        id = call.add(BroadcastBatch{}, {id, call.graph().input()});
    }
}

void parse_concat(Call& call) {
    if (call.inputs() == 0) fail("it has no inputs");
    const std::int64_t axis = call.attribute("axis").i;
    if (auto integers = concat_integers(call)) return call.give(std::move(*integers));
    std::vector<Tensor> constants;
    for (std::size_t i = 0; i < call.inputs(); ++i) {
        if (const Tensor* constant = call.constant(i)) constants.push_back(*constant);
    }
    if (constants.size() == call.inputs()) {
        return call.give(fold_concat(constants, axis_of(axis, constants.front().shape().rank())));
    }
    std::vector<NodeId> inputs;
    for (std::size_t i = 0; i < call.inputs(); ++i) inputs.push_back(call.operand(i));
    const int along = axis_of(axis, call.type(inputs.front()).shape.rank());
    if (along > 0) repeat_rows(call, inputs);
    call.give(call.add(Concat{along}, inputs));
}

}  // namespace espalier::formats::onnx
