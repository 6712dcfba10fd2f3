#include "formats/onnx/take.h"

#include <algorithm>

#include "base/error.h"
#include "formats/onnx/fold.h"

namespace espalier::formats::onnx {

using Content = std::variant<NodeId, Tensor, Integers>;

namespace {

std::vector<Extent> extents_of(Call& call, const Content& content) {
    if (const auto* id = std::get_if<NodeId>(&content)) return call.graph().extents(*id);
    const auto* integers = std::get_if<Integers>(&content);
    std::vector<Extent> extents;
    for (const std::int64_t e : (integers ? integers->shape : std::get<Tensor>(content).shape()).extents()) {
        extents.push_back({e, 0});
    }
    if (integers && integers->per_image) extents.front() = {0, 1};
    return extents;
}

}  // namespace

std::vector<Extent> shape_of(Call& call) { return extents_of(call, call.input(0).content); }

Content take(Call& call, const Content& from, int axis, const std::vector<std::int64_t>& indices) {
    if (const auto* integers = std::get_if<Integers>(&from)) {
        return integers->arranged(arrange_take(integers->shape, axis, indices));
    }
    if (const auto* tensor = std::get_if<Tensor>(&from)) {
        return fold(*tensor, arrange_take(tensor->shape(), axis, indices));
    }
    return call.add(graph::Gather{axis, indices}, {std::get<NodeId>(from)});
}

Content take_range(Call& call, const Content& from, int axis, std::int64_t begin, std::int64_t end,
                   std::int64_t step) {
    const Extent extent = extents_of(call, from)[static_cast<std::size_t>(axis)];
    if (begin == 0 && step == 1 && extent.known() && end >= extent.constant) return from;
    const auto* id = std::get_if<NodeId>(&from);
    if (id && step > 0) return call.add(graph::Slice{axis, begin, end, step}, {*id});
    if (!extent.known()) fail("a part of an axis that depends on the batch size is not supported");
    if (step == 0) fail("the step must not be 0");
    // ONNX clamps to [0, extent] going up and to [-1, extent - 1] going down.
    const auto clamp = [&](std::int64_t index) {
        if (index < 0) index += extent.constant;
        return step > 0 ? std::clamp<std::int64_t>(index, 0, extent.constant)
                        : std::clamp<std::int64_t>(index, -1, extent.constant - 1);
    };
    std::vector<std::int64_t> indices;
    const std::int64_t last = clamp(end);
    // A step beyond the extent takes one element; bounding it keeps the sum from overflowing.
    const std::int64_t stride = std::clamp<std::int64_t>(step, -extent.constant - 1, extent.constant + 1);
    for (std::int64_t i = clamp(begin); step > 0 ? i < last : i > last; i += stride) indices.push_back(i);
    if (indices.size() > static_cast<std::size_t>(Integers::kMostElements)) fail("the range is too long");
    return take(call, from, axis, indices);
}

}  // namespace espalier::formats::onnx
