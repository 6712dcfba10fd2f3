#include "kernels/movement/concat.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/error.h"

namespace espalier::kernels {
namespace {

constexpr std::int64_t kGrainBytes = 65536;

}  // namespace

Shape concatenated(std::span<const ConcatInput> inputs, int axis) {
    if (inputs.empty()) fail("concatenation of nothing");
    const Shape& first = inputs.front().shape;
    if (axis < 0 || axis >= first.rank()) fail("concatenation of {} along axis {}", first.str(), axis);
    std::int64_t extent = 0;
    for (const ConcatInput& input : inputs) {
        const bool fits = input.shape.rank() == first.rank() && input.shape.with(axis, first[axis]) == first;
        if (!fits) fail("shapes {} and {} do not join along axis {}", first.str(), input.shape.str(), axis);
        extent += input.shape[axis];
    }
    return first.with(axis, extent);
}

void concat(std::span<const ConcatInput> inputs, int axis, std::size_t element_bytes, void* y,
            ThreadPool& pool) {
    const Shape out = concatenated(inputs, axis);
    if (out.elements() == 0) return;
    const auto width = static_cast<std::int64_t>(element_bytes);
    const std::int64_t outer = out.product(0, axis), row = out.product(axis, out.rank()) * width;
    auto* to = static_cast<std::byte*>(y);
    if (outer == 1) {
        for (const ConcatInput& input : inputs) {
            const auto* from = static_cast<const std::byte*>(input.data);
            const std::int64_t bytes = input.shape.elements() * width;
            pool.parallel_for(bytes, kGrainBytes, [&](std::int64_t begin, std::int64_t end, int) {
                std::memcpy(to + begin, from + begin, static_cast<std::size_t>(end - begin));
            });
            to += bytes;
        }
        return;
    }
    pool.parallel_for(outer, std::max<std::int64_t>(1, kGrainBytes / row),
                      [&](std::int64_t begin, std::int64_t end, int) {
                          for (std::int64_t o = begin; o < end; ++o) {
                              std::byte* target = to + o * row;
                              for (const ConcatInput& input : inputs) {
                                  const std::int64_t bytes = input.shape.elements() / outer * width;
                                  if (bytes == 0) continue;
                                  std::memcpy(target, static_cast<const std::byte*>(input.data) + o * bytes,
                                              static_cast<std::size_t>(bytes));
                                  target += bytes;
                              }
                          }
                      });
}

}  // namespace espalier::kernels
