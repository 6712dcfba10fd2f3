#include "base/error.h"
#include "formats/onnx/fold.h"
#include "formats/onnx/parsers.h"
#include "formats/onnx/take.h"

namespace espalier::formats::onnx {

using namespace graph;

void parse_constant(Call& call) {
    if (call.has_attribute("value")) {
        const auto& tensor = call.attribute("value").t;
        if (!tensor) fail("the value is not a tensor");
        return call.give(*tensor);
    }
    if (call.has_attribute("value_int"))
        return call.give(Integers::scalar({call.attribute("value_int").i, 0}));
    if (call.has_attribute("value_ints")) {
        std::vector<Extent> elements;
        for (const std::int64_t value : call.attribute("value_ints").ints) elements.push_back({value, 0});
        return call.give(Integers::list(std::move(elements)));
    }
    if (call.has_attribute("value_float")) {
        const float value = call.attribute("value_float").f;
        return call.give(Tensor::of<float>({}, std::span(&value, 1)));
    }
    if (call.has_attribute("value_floats")) {
        const auto& values = call.attribute("value_floats").floats;
        return call.give(Tensor::of<float>({static_cast<std::int64_t>(values.size())}, values));
    }
    fail("only numeric constants are supported");
}

/// A constant of one value. Where the first extent is the batch, one row is kept and repeated at run time.
void parse_constant_of_shape(Call& call) {
    auto shape = call.integers(0);
    if (!shape || shape->shape.rank() != 1 || shape->elements.size() > 16) fail("the shape must be a list");
    float zero = 0;
    Tensor value = Tensor::of<float>({1}, std::span(&zero, 1));
    if (call.has_attribute("value")) {
        const auto& given = call.attribute("value").t;
        if (!given || given->elements() != 1) fail("the value must be one number");
        value = *given;
    }
    const bool batched = !shape->elements.empty() && shape->elements[0] == Extent{0, 1};
    if (batched) shape->elements[0] = {1, 0};
    const Shape to(shape->known("the shape"));
    if (!is_floating(value.dtype())) {
        if (batched) fail("integers for each image are not supported");
        return call.give(onnx::integers_of(value)
                             .arranged(arrange_broadcast({1}, to.rank() ? to : Shape{1}))
                             .reshaped(to));
    }
    const Tensor row =
        fold(value.to_f32().reshaped({1}), arrange_broadcast({1}, to.rank() ? to : Shape{1})).reshaped(to);
    if (!batched) return call.give(row);
    const NodeId constant = call.add_constant(call.name() + ".row", row);
    call.give(call.add(BroadcastBatch{}, {constant, call.graph().input()}));
}

void parse_shape(Call& call) {
    const auto extents = shape_of(call);
    const auto rank = static_cast<std::int64_t>(extents.size());
    const auto bound = [rank](std::int64_t index) {
        return std::clamp<std::int64_t>(index < 0 ? index + rank : index, 0, rank);
    };
    const std::int64_t begin = bound(call.integer("start", 0));
    const std::int64_t end = std::max(begin, bound(call.integer("end", rank)));
    call.give(Integers::list({extents.begin() + begin, extents.begin() + end}));
}

/// start, start + delta, ... below limit. Up to the batch size it is the index of each image.
void parse_range(Call& call) {
    const auto limits = call.integers(1);
    if (limits && limits->elements == std::vector<Extent>{{0, 1}}) {
        if (call.known_integers(0) != Ints{0} || call.known_integers(2) != Ints{1})
            fail("a range up to the batch size must begin at 0 and take steps of 1");
        return call.give(Integers{{1}, {{0, 1}}, true});
    }
    std::int64_t bounds[3];
    for (std::size_t i = 0; i < 3; ++i) {
        const auto values = call.known_integers(i);
        if (values.size() != 1) fail("input {} must be one integer", i);
        bounds[i] = values[0];
    }
    const auto [start, limit, delta] = bounds;
    if (delta == 0) fail("the step must not be 0");
    std::vector<Extent> elements;
    for (Extent at{start, 0}; delta > 0 ? at.constant < limit : at.constant > limit;
         at = at + Extent{delta, 0}) {
        if (static_cast<std::int64_t>(elements.size()) == Integers::kMostElements)
            fail("the range is too long");
        elements.push_back(at);
    }
    call.give(Integers::list(std::move(elements)));
}

}  // namespace espalier::formats::onnx
