#pragma once

#include "graph/fields.h"
#include "tensor/tensor.h"

namespace espalier::models {

/// Rows of a projection that holds the queries, keys and values of each head side by side: of every head's
/// `period` rows, `count` from `first`. Taken apart while it is loaded, a packed projection needs no slices
/// when it runs.
graph::Ints rows_of_heads(std::int64_t heads, std::int64_t period, std::int64_t first, std::int64_t count);

/// tensor[rows, ...], f32
Tensor take_rows(const Tensor& tensor, const graph::Ints& rows);

}  // namespace espalier::models
