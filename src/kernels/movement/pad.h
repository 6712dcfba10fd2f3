#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/thread_pool.h"
#include "tensor/shape.h"

namespace espalier::kernels {

/// The shape of pad()'s result. Throws Error unless there is one non-negative count per axis on both sides.
Shape padded(const Shape& shape, std::span<const std::int64_t> before, std::span<const std::int64_t> after);

/// y = x surrounded by `before[k]` and `after[k]` elements along axis k, each a copy of the `element_bytes`
/// bytes at `value`. Row-major.
void pad(const void* x, const Shape& shape, std::span<const std::int64_t> before,
         std::span<const std::int64_t> after, const void* value, std::size_t element_bytes, void* y,
         ThreadPool& pool);

}  // namespace espalier::kernels
