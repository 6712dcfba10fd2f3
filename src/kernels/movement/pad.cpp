#include "kernels/movement/pad.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/error.h"

namespace espalier::kernels {
namespace {

constexpr std::int64_t kGrain = 16384;

void fill(std::byte* y, std::int64_t elements, const void* value, std::size_t element_bytes) {
    for (std::int64_t i = 0; i < elements; ++i, y += element_bytes) std::memcpy(y, value, element_bytes);
}

}  // namespace

Shape padded(const Shape& shape, std::span<const std::int64_t> before, std::span<const std::int64_t> after) {
    const auto rank = static_cast<std::size_t>(shape.rank());
    if (before.size() != rank || after.size() != rank) {
        fail("padding of {}: {} and {} counts are given for rank {}", shape.str(), before.size(),
             after.size(), rank);
    }
    std::vector<std::int64_t> extents = shape.extents();
    for (std::size_t k = 0; k < rank; ++k) {
        if (before[k] < 0 || after[k] < 0 || before[k] > Shape::kMaxElements ||
            after[k] > Shape::kMaxElements) {
            fail("padding of {}: axis {} has counts {} and {}; negative or huge padding is not supported",
                 shape.str(), k, before[k], after[k]);
        }
        extents[k] += before[k] + after[k];
    }
    return Shape(std::move(extents));
}

void pad(const void* x, const Shape& shape, std::span<const std::int64_t> before,
         std::span<const std::int64_t> after, const void* value, std::size_t element_bytes, void* y,
         ThreadPool& pool) {
    const Shape out = padded(shape, before, after);
    if (out.elements() == 0) return;
    const int rank = shape.rank();
    const std::int64_t columns = out.back(), width = shape.back();
    const std::int64_t left = rank > 0 ? before.back() : 0;
    const auto* from = static_cast<const std::byte*>(x);
    auto* to = static_cast<std::byte*>(y);
    const std::int64_t grain = std::max<std::int64_t>(1, kGrain / columns);
    pool.parallel_for(out.elements() / columns, grain, [&](std::int64_t begin, std::int64_t end, int) {
        for (std::int64_t row = begin; row < end; ++row) {
            std::byte* target = to + row * columns * static_cast<std::int64_t>(element_bytes);
            std::int64_t source = 0, stride = 1, rest = row;
            bool inside = true;
            for (int k = rank - 2; k >= 0; --k) {
                const std::int64_t i = rest % out[k] - before[static_cast<std::size_t>(k)];
                rest /= out[k];
                inside = inside && i >= 0 && i < shape[k];
                source += i * stride;
                stride *= shape[k];
            }
            if (!inside || width == 0) {
                fill(target, columns, value, element_bytes);
                continue;
            }
            const auto bytes = static_cast<std::size_t>(width) * element_bytes;
            std::byte* middle = target + static_cast<std::size_t>(left) * element_bytes;
            fill(target, left, value, element_bytes);
            std::memcpy(middle, from + static_cast<std::size_t>(source) * bytes, bytes);
            fill(middle + bytes, columns - left - width, value, element_bytes);
        }
    });
}

}  // namespace espalier::kernels
