#include "models/rows.h"

#include <algorithm>
#include <functional>

namespace espalier::models {

Tensor rows(const Tensor& x, std::int64_t begin, std::int64_t end) {
    const std::int64_t width = x.shape().back();
    const auto row_bytes = static_cast<std::size_t>(width) * size_of(x.dtype());
    const auto owner = std::make_shared<Tensor>(x);
    const auto bytes = owner->bytes().subspan(static_cast<std::size_t>(begin) * row_bytes,
                                              static_cast<std::size_t>(end - begin) * row_bytes);
    return Tensor::view(x.dtype(), {end - begin, width}, bytes, owner);
}

Tensor stacked(std::initializer_list<Tensor> parts) {
    const std::int64_t width = parts.begin()->shape().back();
    std::int64_t count = 0;
    for (const Tensor& part : parts) count += part.elements() / width;
    Tensor all = Tensor::allocate(DType::kF32, {count, width});
    auto out = all.mutable_bytes().begin();
    for (const Tensor& part : parts) out = std::copy(part.bytes().begin(), part.bytes().end(), out);
    return all;
}

Tensor sum(const Tensor& a, const Tensor& b) {
    const Tensor left = a.to_aligned();
    const Tensor right = b.to_aligned();
    Tensor result = Tensor::allocate(DType::kF32, a.shape());
    std::transform(left.span<float>().begin(), left.span<float>().end(), right.span<float>().begin(),
                   result.mutable_span<float>().begin(), std::plus<>());
    return result;
}

}  // namespace espalier::models
