#include "passes/match.h"
#include "passes/recognize/pointwise.h"
#include "passes/recognize/product.h"
#include "passes/recognize/recognize.h"

namespace espalier::passes {

using namespace graph;

namespace {

constexpr double kInverseRootOfTwo = 0.70710678118654752;

/// x where `id` is 1 + erf(x / sqrt(2)), else kNone.
NodeId doubled_cdf_of(const Graph& graph, const std::vector<int>& uses, NodeId id) {
    const auto shifted = shifted_at(graph, id);
    if (!shifted || shifted->by != 1.0 || uses[static_cast<std::size_t>(id)] != 1) return NodeId::kNone;
    const auto* erf = graph.as<Unary>(shifted->x);
    if (!erf || erf->kind != UnaryKind::kErf) return NodeId::kNone;
    double scale = 1;
    const NodeId x = strip_scale(graph, uses, graph[shifted->x].inputs[0], scale);
    return about(scale, kInverseRootOfTwo) ? x : NodeId::kNone;
}

std::optional<Found> gelu_at(const Graph& graph, const std::vector<int>& uses, NodeId id) {
    const auto product = product_at(graph, uses, id);
    if (!product || product->leaves.size() != 2 || !about(product->scale, 0.5)) return std::nullopt;
    for (std::size_t side = 0; side < 2; ++side) {
        const NodeId x = product->leaves[side];
        if (doubled_cdf_of(graph, uses, product->leaves[1 - side]) == x) return Found{{UnaryKind::kGelu}, x};
    }
    return std::nullopt;
}

}  // namespace

Graph recognize_gelu(const Graph& graph, Change& change) { return replace_found(graph, change, gelu_at); }

}  // namespace espalier::passes
