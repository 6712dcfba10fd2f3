#include <algorithm>
#include <set>
#include "base/error.h"
#include "formats/onnx/parsers.h"
#include "formats/onnx/take.h"

namespace espalier::formats::onnx {

using namespace graph;

namespace {

Extent product(const std::vector<Extent>& extents, int first, int last) {
    Extent result{1, 0};
    for (int axis = first; axis < last; ++axis) result = result * extents[static_cast<std::size_t>(axis)];
    return result;
}

std::int64_t product_at(const std::vector<Extent>& extents, std::int64_t batch, std::size_t skip) {
    Extent result{1, 0};
    for (std::size_t i = 0; i < extents.size(); ++i) {
        if (i != skip) result = result * Extent{extents[i].at(batch), 0};
    }
    return result.constant;
}

/// Integers for each image under a shape that keeps the axis of images in front.
Integers reshaped_for_each_image(const Integers& integers, const std::vector<Extent>& to) {
    if (to.empty() || !(to[0] == Extent{0, 1})) fail("the axis of images must stay in front");
    std::vector<std::int64_t> extents{1};
    for (std::size_t i = 1; i < to.size(); ++i) {
        if (!to[i].known()) fail("more than one extent depends on the batch size");
        extents.push_back(to[i].constant);
    }
    return integers.reshaped(Shape(std::move(extents)));
}

/// Gives input 0 under the shape `to`, whatever it is.
void give_reshaped(Call& call, const std::vector<Extent>& to) {
    const auto shape = [&] {
        std::vector<std::int64_t> extents;
        for (const Extent& extent : to) {
            if (!extent.known()) fail("the shape of a constant depends on the batch size");
            extents.push_back(extent.constant);
        }
        return Shape(std::move(extents));
    };
    Value& value = call.input(0);
    if (const auto* integers = std::get_if<Integers>(&value.content)) {
        if (integers->per_image) return call.give(reshaped_for_each_image(*integers, to));
        return call.give(integers->reshaped(shape()));
    }
    if (const auto* tensor = std::get_if<Tensor>(&value.content)) return call.give(tensor->reshaped(shape()));
    call.give(call.reshape(call.operand(0), to));
}

bool is(Extent extent, std::int64_t value) { return extent == Extent{value, 0}; }

/// Replaces the one -1 in `to` by what is left of the elements of `from`.
void resolve_open(const std::vector<Extent>& from, std::vector<Extent>& to) {
    const auto open = std::find(to.begin(), to.end(), Extent{-1, 0});
    if (open == to.end()) return;
    const auto at = static_cast<std::size_t>(open - to.begin());
    std::int64_t left[2] = {0, 0};
    for (std::int64_t batch = 1; batch <= 2; ++batch) {
        const std::int64_t known = product_at(to, batch, at);
        const std::int64_t all = product_at(from, batch, from.size());
        if (known <= 0 || all % known != 0) fail("{} elements do not divide by {}", all, known);
        left[batch - 1] = all / known;
    }
    *open = extent_through(left[0], left[1]);
}

}  // namespace

/// In the target, 0 keeps an extent and -1 takes what is left. A model exported for a batch of one has a
/// leading 1 there, which means the batch.
void parse_reshape(Call& call) {
    const auto target = call.integers(1);
    if (!target) fail("the new shape must be a constant or computed from shapes");
    const std::vector<Extent> from = shape_of(call);
    std::vector<Extent> to = target->elements;
    if (to.size() > 16) fail("a shape of {} axes is not supported", to.size());
    for (std::size_t i = 0; i < to.size(); ++i) {
        if (!is(to[i], 0)) continue;
        if (call.integer("allowzero", 0) != 0 || i >= from.size()) fail("an extent of 0 is not supported");
        to[i] = from[i];
    }
    const bool all_known = std::all_of(to.begin(), to.end(), [](const Extent& e) { return e.known(); });
    if (!from.empty() && from[0] == Extent{0, 1} && !to.empty() && is(to[0], 1) && all_known) to[0] = from[0];
    resolve_open(from, to);
    give_reshaped(call, to);
}

void parse_flatten(Call& call) {
    const auto from = shape_of(call);
    const int rank = static_cast<int>(from.size());
    const std::int64_t given = call.integer("axis", 1);
    const int axis = given == rank ? rank : axis_of(given, rank);
    give_reshaped(call, {product(from, 0, axis), product(from, axis, rank)});
}

void parse_squeeze(Call& call) {
    const auto from = shape_of(call);
    const int rank = static_cast<int>(from.size());
    std::set<int> dropped;
    if (const auto axes = call.integers_of("axes", 1)) {
        for (const std::int64_t axis : *axes) dropped.insert(axis_of(axis, rank));
    } else {
        for (int axis = 0; axis < rank; ++axis) {
            if (is(from[static_cast<std::size_t>(axis)], 1)) dropped.insert(axis);
        }
    }
    std::vector<Extent> to;
    for (int axis = 0; axis < rank; ++axis) {
        const Extent& extent = from[static_cast<std::size_t>(axis)];
        if (!dropped.contains(axis)) {
            to.push_back(extent);
        } else if (!is(extent, 1)) {
            fail("axis {} has the extent {} and cannot be dropped", axis, extent.str());
        }
    }
    give_reshaped(call, to);
}

void parse_unsqueeze(Call& call) {
    const auto from = shape_of(call);
    const auto axes = call.integers_of("axes", 1);
    if (!axes || axes->size() > 16) fail("the axes are missing");
    const int rank = static_cast<int>(from.size() + axes->size());
    std::set<int> added;
    for (const std::int64_t axis : *axes) added.insert(axis_of(axis, rank));
    if (added.size() != axes->size()) fail("an axis is repeated");
    std::vector<Extent> to;
    auto next = from.begin();
    for (int axis = 0; axis < rank; ++axis) to.push_back(added.contains(axis) ? Extent{1, 0} : *next++);
    give_reshaped(call, to);
}

}  // namespace espalier::formats::onnx
