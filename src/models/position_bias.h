#pragma once

#include "models/windows.h"
#include "tensor/tensor.h"

namespace espalier::models {

/// A row per offset between two tokens of a window, [(2 * edge - 1)^2, heads], as the bias between every two
/// of them: [heads, tokens, tokens].
Tensor relative_position_bias(const Tensor& table, std::int64_t edge);

/// bias [heads, tokens, tokens], plus `masked` between tokens that the roll brought together from opposite
/// edges: [count, heads, tokens, tokens]. Throws Error when that would be too large.
Tensor masked_bias(const Tensor& bias, const Windows& windows, float masked);

/// A number per head and distance in rows and columns, [heads, keys.tokens()], as the bias between each query
/// and key: [heads, queries.tokens(), keys.tokens()]. The queries lie on every `stride`-th row and column of
/// the keys' grid.
Tensor distance_bias(const Tensor& biases, const Grid& queries, const Grid& keys, std::int64_t stride);

}  // namespace espalier::models
