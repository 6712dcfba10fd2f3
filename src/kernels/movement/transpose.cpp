#include "kernels/movement/transpose.h"

#include <vector>

#include "base/error.h"
#include "kernels/movement/strided_copy.h"

namespace espalier::kernels {

Shape transposed(const Shape& shape, std::span<const int> permutation) {
    const int rank = shape.rank();
    std::vector<bool> seen(static_cast<std::size_t>(rank));
    std::vector<std::int64_t> extents;
    for (const int axis : permutation) {
        if (axis < 0 || axis >= rank || seen[static_cast<std::size_t>(axis)]) {
            fail("transpose of {}: axis {} is repeated or outside 0..{}", shape.str(), axis, rank - 1);
        }
        seen[static_cast<std::size_t>(axis)] = true;
        extents.push_back(shape[axis]);
    }
    if (static_cast<int>(extents.size()) != rank) {
        fail("transpose of {}: {} axes are given for rank {}", shape.str(), extents.size(), rank);
    }
    return Shape(std::move(extents));
}

void transpose(const void* x, const Shape& shape, std::span<const int> permutation, std::size_t element_bytes,
               void* y, ThreadPool& pool) {
    const Shape out = transposed(shape, permutation);
    StridedCopy copy;
    for (int k = 0; k < out.rank(); ++k) {
        const int axis = permutation[static_cast<std::size_t>(k)];
        copy.push(out[k], shape.product(axis + 1, shape.rank()));
    }
    copy_strided(copy, x, element_bytes, y, pool);
}

}  // namespace espalier::kernels
