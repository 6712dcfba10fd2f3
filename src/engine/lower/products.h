#pragma once

#include <string_view>
#include <vector>

#include "engine/operator.h"

namespace espalier::engine {

/// "dense", "winograd_2x2", "winograd_4x4", "sparse".
std::string_view name(Product product);

/// Inverse of name(). Throws Error for any other text.
Product parse_product(std::string_view text);

/// The ways in which the products of a node can be computed, so far as `options` allow them; one or none
/// where there is no choice. Weights without a tenth of zeros are never sparse.
std::vector<Product> products_of(const graph::Graph& graph, graph::NodeId id, const LoweringOptions& options);

}  // namespace espalier::engine
