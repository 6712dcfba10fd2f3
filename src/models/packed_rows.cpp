#include "models/packed_rows.h"

#include <algorithm>

namespace espalier::models {

graph::Ints rows_of_heads(std::int64_t heads, std::int64_t period, std::int64_t first, std::int64_t count) {
    graph::Ints rows;
    for (std::int64_t head = 0; head < heads; ++head) {
        for (std::int64_t row = 0; row < count; ++row) rows.push_back(head * period + first + row);
    }
    return rows;
}

Tensor take_rows(const Tensor& tensor, const graph::Ints& rows) {
    const Shape shape = tensor.shape().with(0, static_cast<std::int64_t>(rows.size()));
    Tensor result = Tensor::allocate(DType::kF32, shape);
    const Tensor aligned = tensor.to_aligned();
    const auto from = aligned.span<float>();
    const auto length = static_cast<std::size_t>(shape.product(1, shape.rank()));
    auto to = result.mutable_span<float>().begin();
    for (const std::int64_t row : rows) {
        const auto values = from.subspan(static_cast<std::size_t>(row) * length, length);
        to = std::copy(values.begin(), values.end(), to);
    }
    return result;
}

}  // namespace espalier::models
