#pragma once

#include <cstdint>
#include <vector>

#include "tensor/shape.h"

namespace espalier::formats::onnx {

/// A rearrangement of elements: the shape of the result, and for each of its elements the position of its
/// source.
struct Arrangement {
    Shape shape;
    std::vector<std::int64_t> source;
};

/// Each throws Error when the arguments do not fit or the result would have more than 2^26 elements.
Arrangement arrange_transpose(const Shape& shape, const std::vector<std::int64_t>& perm);
/// The elements `indices` of one axis, in [0, extent).
Arrangement arrange_take(const Shape& shape, int axis, const std::vector<std::int64_t>& indices);
/// NumPy broadcasting to a shape of the same rank or a higher one.
Arrangement arrange_broadcast(const Shape& shape, const Shape& to);

}  // namespace espalier::formats::onnx
