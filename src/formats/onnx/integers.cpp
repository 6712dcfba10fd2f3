#include "formats/onnx/integers.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "graph/ops/pointwise.h"

namespace espalier::formats::onnx {
namespace {

template <typename T>
void append(const Tensor& tensor, std::vector<Extent>& to) {
    const auto bytes = tensor.bytes();
    for (std::size_t at = 0; at < bytes.size(); at += sizeof(T)) {
        T value;
        std::memcpy(&value, bytes.data() + at, sizeof(T));
        to.push_back({static_cast<std::int64_t>(value), 0});
    }
}

}  // namespace

Integers Integers::list(std::vector<Extent> values) {
    Shape shape{static_cast<std::int64_t>(values.size())};
    return {std::move(shape), std::move(values)};
}

bool Integers::all_known() const {
    return std::all_of(elements.begin(), elements.end(), [](const Extent& e) { return e.known(); });
}

std::vector<std::int64_t> Integers::known(const char* what) const {
    std::vector<std::int64_t> values;
    for (const Extent& element : elements) {
        if (!element.known()) fail("{} must not depend on the batch size, but is {}", what, element.str());
        values.push_back(element.constant);
    }
    return values;
}

Integers Integers::arranged(const Arrangement& arrangement) const {
    if (arrangement.shape.elements() > kMostElements) fail("a shape computation has too many elements");
    Integers result{arrangement.shape, {}, per_image};
    for (const std::int64_t source : arrangement.source) {
        result.elements.push_back(elements[static_cast<std::size_t>(source)]);
    }
    return result;
}

Integers Integers::reshaped(const Shape& to) const {
    if (to.elements() != shape.elements()) fail("{} cannot become {}", shape.str(), to.str());
    return {to, elements, per_image};
}

Integers integers_of(const Tensor& tensor) {
    if (tensor.elements() > Integers::kMostElements)
        fail("an integer constant has {} elements", tensor.elements());
    Integers result{tensor.shape(), {}};
    switch (tensor.dtype()) {
        case DType::kI64:
            append<std::int64_t>(tensor, result.elements);
            break;
        case DType::kI32:
            append<std::int32_t>(tensor, result.elements);
            break;
        case DType::kI8:
            append<std::int8_t>(tensor, result.elements);
            break;
        case DType::kU8:
        case DType::kBool:
            append<std::uint8_t>(tensor, result.elements);
            break;
        default:
            fail("integers are needed, but the constant is {}", name(tensor.dtype()));
    }
    return result;
}

Tensor tensor_of(const Integers& integers) {
    return Tensor::of<std::int64_t>(integers.shape, integers.known("a constant"));
}

Integers combine(const Integers& a, const Integers& b, const std::function<Extent(Extent, Extent)>& f) {
    const Shape shape = graph::broadcast_shape("shape arithmetic", a.shape, b.shape);
    for (const Integers* side : {&a, &b}) {
        const Integers& other = side == &a ? b : a;
        if (!side->per_image) continue;
        if (side->shape.rank() != shape.rank() || shape[0] != 1 || !(other.per_image || other.all_known()))
            fail("the index of an image is combined with {} other integers", other.shape.str());
    }
    const Integers left = a.arranged(arrange_broadcast(a.shape, shape));
    const Integers right = b.arranged(arrange_broadcast(b.shape, shape));
    Integers result{shape, {}, a.per_image || b.per_image};
    for (std::size_t i = 0; i < left.elements.size(); ++i) {
        result.elements.push_back(f(left.elements[i], right.elements[i]));
    }
    return result;
}

}  // namespace espalier::formats::onnx
