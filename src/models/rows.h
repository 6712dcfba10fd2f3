#pragma once

#include <initializer_list>

#include "tensor/tensor.h"

namespace espalier::models {

// Tables of tokens and weights are taken apart and put together by rows while a model is loaded. A row is a
// run of the last axis; the axes before it count as one.

/// Rows [begin, end) of f32 x [..., width] as a view [end - begin, width].
Tensor rows(const Tensor& x, std::int64_t begin, std::int64_t end);

/// The rows of all parts, one part below the other: [sum of rows, width]. The parts have the same width.
Tensor stacked(std::initializer_list<Tensor> parts);

/// a + b for tensors of as many elements, in the shape of a.
Tensor sum(const Tensor& a, const Tensor& b);

}  // namespace espalier::models
