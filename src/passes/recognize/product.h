#pragma once

#include <cmath>
#include <optional>
#include <vector>

#include "graph/graph.h"

namespace espalier::passes {

/// A tree of multiplications, and divisions by constants, as `scale` times the values at its leaves.
struct Product {
    double scale = 1;
    std::vector<graph::NodeId> leaves;
};

/// The product whose root is `id`, with at most three leaves; nothing where `id` is not a multiplication, or
/// a division by a constant. Only values without another use are looked into.
std::optional<Product> product_at(const graph::Graph& graph, const std::vector<int>& uses, graph::NodeId id);

/// x and c where `id` is x + c for a constant c of one element.
struct Shifted {
    graph::NodeId x = graph::NodeId::kNone;
    double by = 0;
};
std::optional<Shifted> shifted_at(const graph::Graph& graph, graph::NodeId id);

/// Whether two numbers agree as far as a file that rounds to f32, or prints five digits, can tell.
inline bool about(double a, double b) { return std::abs(a - b) <= 1e-5 * std::abs(b); }

}  // namespace espalier::passes
