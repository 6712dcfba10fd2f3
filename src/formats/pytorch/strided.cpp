#include "formats/pytorch/strided.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"

namespace espalier::formats::pytorch {
namespace {

/// Whether the elements lie in row-major order without gaps. The stride of an axis of one element says
/// nothing.
bool is_dense(const StridedTensor& tensor) {
    std::int64_t expected = 1;
    for (std::size_t axis = tensor.sizes.size(); axis-- > 0;) {
        if (tensor.sizes[axis] == 1) continue;
        if (tensor.strides[axis] != expected) return false;
        expected *= tensor.sizes[axis];
    }
    return true;
}

/// Index of the last element, or -1 where there is none.
std::int64_t last_index(const StridedTensor& tensor, const Shape& shape) {
    if (shape.elements() == 0) return -1;
    std::int64_t last = tensor.offset;
    for (std::size_t axis = 0; axis < tensor.sizes.size(); ++axis) {
        std::int64_t step = 0;
        if (__builtin_mul_overflow(tensor.sizes[axis] - 1, tensor.strides[axis], &step) ||
            __builtin_add_overflow(last, step, &last)) {
            fail("its strides are too large");
        }
    }
    return last;
}

void check(const StridedTensor& tensor, const Shape& shape, std::size_t bytes) {
    const Storage& storage = tensor.storage;
    const std::size_t element = size_of(storage.dtype);
    if (storage.elements < 0 || bytes % element != 0 ||
        bytes / element != static_cast<std::uint64_t>(storage.elements)) {
        fail("its storage is said to have {} elements of {}, but has {} bytes", storage.elements,
             name(storage.dtype), bytes);
    }
    if (tensor.sizes.size() != tensor.strides.size()) {
        fail("it has {} axes, but {} strides", tensor.sizes.size(), tensor.strides.size());
    }
    const auto negative = [](std::int64_t value) { return value < 0; };
    if (negative(tensor.offset) || std::any_of(tensor.strides.begin(), tensor.strides.end(), negative)) {
        fail("its offset and strides must not be negative");
    }
    if (const std::int64_t last = last_index(tensor, shape); last >= storage.elements) {
        fail("its last element is number {} of a storage of {}", last, storage.elements);
    }
}

/// Copies elements to row-major order, counting up the index of each axis as an odometer does.
Tensor gathered(const StridedTensor& tensor, const Shape& shape, std::span<const std::byte> storage) {
    Tensor result = Tensor::allocate(tensor.storage.dtype, shape);
    const std::size_t element = size_of(tensor.storage.dtype);
    std::vector<std::int64_t> index(tensor.sizes.size(), 0);
    std::int64_t from = tensor.offset;
    std::byte* to = result.mutable_bytes().data();
    for (std::int64_t i = 0; i < shape.elements(); ++i, to += element) {
        std::memcpy(to, storage.data() + static_cast<std::size_t>(from) * element, element);
        for (std::size_t axis = index.size(); axis-- > 0;) {
            from += tensor.strides[axis];
            if (++index[axis] < tensor.sizes[axis]) break;
            from -= tensor.strides[axis] * tensor.sizes[axis];
            index[axis] = 0;
        }
    }
    return result;
}

}  // namespace

Tensor dense(const StridedTensor& tensor, const SharedBytes& content, std::size_t& copy_budget_bytes) {
    const Shape shape(tensor.sizes);
    check(tensor, shape, content.bytes.size());
    const std::size_t element = size_of(tensor.storage.dtype);
    const std::size_t size = static_cast<std::size_t>(shape.elements()) * element;
    if (shape.elements() == 0) return Tensor::allocate(tensor.storage.dtype, shape);
    if (is_dense(tensor)) {
        const SharedBytes part = content.part(static_cast<std::size_t>(tensor.offset) * element, size);
        return Tensor::view(tensor.storage.dtype, shape, part.bytes, part.owner);
    }
    if (size > copy_budget_bytes) {
        fail(
            "its elements do not lie in order, and copying {} bytes is more than the file is worth; save it "
            "again after contiguous()",
            size);
    }
    copy_budget_bytes -= size;
    return gathered(tensor, shape, content.bytes);
}

}  // namespace espalier::formats::pytorch
