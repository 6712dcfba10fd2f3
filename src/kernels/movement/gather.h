#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/thread_pool.h"
#include "tensor/shape.h"

namespace espalier::kernels {

/// y[o j i] = x[o indices[j] i], x viewed as [outer, shape[axis], inner]; ONNX Gather. A negative index
/// counts from the end. Elements of `element_bytes` bytes, row-major; y has outer * indices.size() * inner
/// elements. Throws Error for a bad axis or an index outside the axis, naming it.
void gather(const void* x, const Shape& shape, int axis, std::span<const std::int64_t> indices,
            std::size_t element_bytes, void* y, ThreadPool& pool);

}  // namespace espalier::kernels
