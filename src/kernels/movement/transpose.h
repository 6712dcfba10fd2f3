#pragma once

#include <cstddef>
#include <span>

#include "base/thread_pool.h"
#include "tensor/shape.h"

namespace espalier::kernels {

/// Largest rank of the movement operations, after adjacent axes that stay together are merged.
inline constexpr int kMaxMovedRank = 8;

/// y[i_p0, i_p1, ...] = x[i_0, i_1, ...]: axis k of y is axis permutation[k] of x, as in NumPy and ONNX.
/// Elements are `element_bytes` wide: 1, 2, 4 or 8. Dense row-major; x and y must not overlap.
/// Throws Error unless permutation is one.
void transpose(const void* x, const Shape& shape, std::span<const int> permutation, std::size_t element_bytes,
               void* y, ThreadPool& pool);

/// The shape of transpose()'s result.
Shape transposed(const Shape& shape, std::span<const int> permutation);

}  // namespace espalier::kernels
