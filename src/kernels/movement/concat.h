#pragma once

#include <cstddef>
#include <span>

#include "base/thread_pool.h"
#include "tensor/shape.h"

namespace espalier::kernels {

/// One operand of concat().
struct ConcatInput {
    const void* data;
    Shape shape;
};

/// The shape of concat()'s result. Throws Error for no input, a bad axis, or extents that differ off the
/// axis.
Shape concatenated(std::span<const ConcatInput> inputs, int axis);

/// y = the inputs one after the other along `axis` in [0, rank). Elements of `element_bytes` bytes,
/// row-major.
void concat(std::span<const ConcatInput> inputs, int axis, std::size_t element_bytes, void* y,
            ThreadPool& pool);

}  // namespace espalier::kernels
