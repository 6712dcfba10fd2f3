#include "passes/recognize/product.h"

#include "passes/match.h"

namespace espalier::passes {

using namespace graph;

namespace {

constexpr std::size_t kMostLeaves = 3;

/// Adds what `id` multiplies to `product`; false where it is a leaf.
bool expand(const Graph& graph, const std::vector<int>& uses, NodeId id, Product& product) {
    const auto* binary = graph.as<Binary>(id);
    if (!binary) return false;
    const auto& inputs = graph[id].inputs;
    const auto divisor = scalar_constant(graph, inputs[1]);
    if (binary->kind == BinaryKind::kDiv && (!divisor || *divisor == 0)) return false;
    if (binary->kind != BinaryKind::kMul && binary->kind != BinaryKind::kDiv) return false;
    for (std::size_t side = 0; side < 2; ++side) {
        const NodeId factor = inputs[side];
        if (side == 1 && binary->kind == BinaryKind::kDiv) {
            product.scale /= *divisor;
        } else if (const auto constant = scalar_constant(graph, factor)) {
            product.scale *= *constant;
        } else if (product.leaves.size() > kMostLeaves || uses[static_cast<std::size_t>(factor)] != 1 ||
                   !expand(graph, uses, factor, product)) {
            product.leaves.push_back(factor);
        }
    }
    return true;
}

}  // namespace

std::optional<Product> product_at(const Graph& graph, const std::vector<int>& uses, NodeId id) {
    Product product;
    if (!expand(graph, uses, id, product) || product.leaves.size() > kMostLeaves) return std::nullopt;
    return product;
}

std::optional<Shifted> shifted_at(const Graph& graph, NodeId id) {
    const auto* binary = graph.as<Binary>(id);
    if (!binary || binary->kind != BinaryKind::kAdd) return std::nullopt;
    for (std::size_t side = 0; side < 2; ++side) {
        const auto constant = scalar_constant(graph, graph[id].inputs[side]);
        if (constant) return Shifted{graph[id].inputs[1 - side], *constant};
    }
    return std::nullopt;
}

}  // namespace espalier::passes
