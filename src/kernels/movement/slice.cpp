#include "kernels/movement/slice.h"

#include "base/error.h"
#include "kernels/movement/strided_copy.h"

namespace espalier::kernels {
namespace {

/// Throws unless start + step * i is inside [0, extent) for the first and the last i.
void check_axis(const Shape& shape, int axis, std::int64_t start, std::int64_t step, std::int64_t count) {
    const std::int64_t extent = shape[axis];
    const std::int64_t room = step > 0 ? extent - 1 - start : start;
    const bool inside = start >= 0 && start < extent && step != 0 && step != INT64_MIN &&
                        (count - 1) <= room / (step > 0 ? step : -step);
    if (!inside) {
        fail("slice of {}: {} elements from {} in steps of {} leave axis {}", shape.str(), count, start, step,
             axis);
    }
}

}  // namespace

void slice(const void* x, const Shape& shape, std::span<const std::int64_t> starts,
           std::span<const std::int64_t> steps, const Shape& out, std::size_t element_bytes, void* y,
           ThreadPool& pool) {
    const auto rank = static_cast<std::size_t>(shape.rank());
    if (starts.size() != rank || steps.size() != rank || out.rank() != shape.rank()) {
        fail("slice of {}: {} starts, {} steps and a result of rank {} do not fit rank {}", shape.str(),
             starts.size(), steps.size(), out.rank(), rank);
    }
    if (out.elements() == 0) return;
    StridedCopy copy;
    std::int64_t offset = 0;
    for (int k = 0; k < shape.rank(); ++k) {
        const auto i = static_cast<std::size_t>(k);
        check_axis(shape, k, starts[i], steps[i], out[k]);
        const std::int64_t stride = shape.product(k + 1, shape.rank());
        offset += starts[i] * stride;
        copy.push(out[k], steps[i] * stride);
    }
    const auto* first = static_cast<const std::byte*>(x) + offset * static_cast<std::int64_t>(element_bytes);
    copy_strided(copy, first, element_bytes, y, pool);
}

void broadcast_to(const void* x, const Shape& shape, const Shape& out, std::size_t element_bytes, void* y,
                  ThreadPool& pool) {
    const int extra = out.rank() - shape.rank();
    if (extra < 0) fail("{} does not broadcast to {}", shape.str(), out.str());
    StridedCopy copy;
    for (int k = 0; k < out.rank(); ++k) {
        const std::int64_t extent = k < extra ? 1 : shape[k - extra];
        if (extent != 1 && extent != out[k]) fail("{} does not broadcast to {}", shape.str(), out.str());
        copy.push(out[k], extent == 1 ? 0 : shape.product(k - extra + 1, shape.rank()));
    }
    copy_strided(copy, x, element_bytes, y, pool);
}

}  // namespace espalier::kernels
