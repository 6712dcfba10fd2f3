#include "formats/onnx/arrange.h"

#include "base/error.h"

namespace espalier::formats::onnx {
namespace {

/// Rearranged weights may be as large as the file, up to 256 MB of f32.
constexpr std::int64_t kMostElements = std::int64_t{1} << 26;
/// Broadcasting makes much out of little, so that it is bounded more closely: 64 MB.
constexpr std::int64_t kMostBroadcast = std::int64_t{1} << 24;

using Strides = std::vector<std::int64_t>;

Strides strides_of(const Shape& shape) {
    Strides strides(static_cast<std::size_t>(shape.rank()), 1);
    for (int axis = shape.rank() - 2; axis >= 0; --axis) {
        const auto at = static_cast<std::size_t>(axis);
        strides[at] = strides[at + 1] * shape[axis + 1];
    }
    return strides;
}

/// Walks `shape` in order, stepping `strides` through the source.
Arrangement walk(const Shape& shape, const Strides& strides) {
    if (shape.elements() > kMostElements)
        fail("a constant of shape {} is too large to be computed", shape.str());
    Arrangement result{shape, {}};
    result.source.reserve(static_cast<std::size_t>(shape.elements()));
    std::vector<std::int64_t> index(strides.size(), 0);
    std::int64_t position = 0;
    for (std::int64_t i = 0; i < shape.elements(); ++i) {
        result.source.push_back(position);
        for (std::size_t axis = strides.size(); axis-- > 0;) {
            position += strides[axis];
            if (++index[axis] < shape[static_cast<int>(axis)]) break;
            position -= strides[axis] * index[axis];
            index[axis] = 0;
        }
    }
    return result;
}

}  // namespace

Arrangement arrange_transpose(const Shape& shape, const std::vector<std::int64_t>& perm) {
    if (static_cast<int>(perm.size()) != shape.rank()) {
        fail("a permutation of {} axes does not fit {}", perm.size(), shape.str());
    }
    const Strides strides = strides_of(shape);
    std::vector<bool> used(perm.size(), false);
    std::vector<std::int64_t> extents;
    Strides steps;
    for (const std::int64_t axis : perm) {
        if (axis < 0 || axis >= shape.rank() || used[static_cast<std::size_t>(axis)]) {
            fail("axis {} is repeated or outside of {}", axis, shape.str());
        }
        used[static_cast<std::size_t>(axis)] = true;
        extents.push_back(shape[static_cast<int>(axis)]);
        steps.push_back(strides[static_cast<std::size_t>(axis)]);
    }
    return walk(Shape(std::move(extents)), steps);
}

Arrangement arrange_take(const Shape& shape, int axis, const std::vector<std::int64_t>& indices) {
    const Shape taken = shape.with(axis, static_cast<std::int64_t>(indices.size()));
    if (taken.elements() > kMostElements)
        fail("a constant of shape {} is too large to be computed", taken.str());
    const std::int64_t inner = shape.product(axis + 1, shape.rank());
    Arrangement result{taken, {}};
    if (taken.elements() == 0) return result;
    result.source.reserve(static_cast<std::size_t>(taken.elements()));
    for (std::int64_t outer = 0; outer < shape.product(0, axis); ++outer) {
        for (const std::int64_t index : indices) {
            if (index < 0 || index >= shape[axis])
                fail("index {} is outside axis {} of {}", index, axis, shape.str());
            const std::int64_t first = (outer * shape[axis] + index) * inner;
            for (std::int64_t i = 0; i < inner; ++i) result.source.push_back(first + i);
        }
    }
    return result;
}

Arrangement arrange_broadcast(const Shape& shape, const Shape& to) {
    const int lead = to.rank() - shape.rank();
    if (to.elements() > kMostBroadcast) fail("a constant of shape {} is too large to be computed", to.str());
    if (lead < 0) fail("{} does not broadcast to {}", shape.str(), to.str());
    const Strides strides = strides_of(shape);
    Strides steps(static_cast<std::size_t>(to.rank()), 0);
    for (int axis = 0; axis < shape.rank(); ++axis) {
        if (shape[axis] == 1) continue;
        if (shape[axis] != to[axis + lead]) fail("{} does not broadcast to {}", shape.str(), to.str());
        steps[static_cast<std::size_t>(axis + lead)] = strides[static_cast<std::size_t>(axis)];
    }
    return walk(to, steps);
}

}  // namespace espalier::formats::onnx
