#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/thread_pool.h"
#include "tensor/shape.h"

namespace espalier::kernels {

/// y[i_0, i_1, ...] = x[starts[0] + steps[0] i_0, ...] with y of shape `out`. One start and one step per
/// axis; a step may be negative but not 0. Elements of `element_bytes` bytes (1, 2, 4 or 8), row-major.
/// Throws Error when an index would leave x.
void slice(const void* x, const Shape& shape, std::span<const std::int64_t> starts,
           std::span<const std::int64_t> steps, const Shape& out, std::size_t element_bytes, void* y,
           ThreadPool& pool);

/// y = x repeated along axes of extent 1 (and new leading axes) to shape `out`, as NumPy broadcast_to.
/// Throws Error when x does not broadcast to `out`.
void broadcast_to(const void* x, const Shape& shape, const Shape& out, std::size_t element_bytes, void* y,
                  ThreadPool& pool);

}  // namespace espalier::kernels
