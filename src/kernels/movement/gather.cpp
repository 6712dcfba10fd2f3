#include "kernels/movement/gather.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/error.h"

namespace espalier::kernels {
namespace {

constexpr std::int64_t kGrainBytes = 65536;

}  // namespace

void gather(const void* x, const Shape& shape, int axis, std::span<const std::int64_t> indices,
            std::size_t element_bytes, void* y, ThreadPool& pool) {
    if (axis < 0 || axis >= shape.rank()) fail("gather from {}: there is no axis {}", shape.str(), axis);
    const std::int64_t extent = shape[axis];
    std::vector<std::int64_t> rows(indices.begin(), indices.end());
    for (std::int64_t& index : rows) {
        if (index < -extent || index >= extent) {
            fail("gather from {}: index {} is outside axis {} of {} elements", shape.str(), index, axis,
                 extent);
        }
        if (index < 0) index += extent;
    }
    const auto count = static_cast<std::int64_t>(rows.size());
    const std::int64_t outer = shape.product(0, axis);
    const std::int64_t bytes =
        shape.product(axis + 1, shape.rank()) * static_cast<std::int64_t>(element_bytes);
    if (bytes == 0 || outer * count == 0) return;
    const auto* from = static_cast<const std::byte*>(x);
    auto* to = static_cast<std::byte*>(y);
    const std::int64_t grain = std::max<std::int64_t>(1, kGrainBytes / bytes);
    pool.parallel_for(outer * count, grain, [&](std::int64_t begin, std::int64_t end, int) {
        for (std::int64_t i = begin; i < end; ++i) {
            const std::int64_t row = i / count * extent + rows[static_cast<std::size_t>(i % count)];
            std::memcpy(to + i * bytes, from + row * bytes, static_cast<std::size_t>(bytes));
        }
    });
}

}  // namespace espalier::kernels
