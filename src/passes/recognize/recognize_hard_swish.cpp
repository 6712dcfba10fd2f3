#include "passes/match.h"
#include "passes/recognize/pointwise.h"
#include "passes/recognize/product.h"
#include "passes/recognize/recognize.h"

namespace espalier::passes {

using namespace graph;

namespace {

/// x where `id` is clip(scale * x + shift, 0, top), else kNone.
NodeId clipped(const Graph& graph, const std::vector<int>& uses, NodeId id, double scale, double shift,
               double top) {
    const auto* clip = graph.as<Unary>(id);
    if (!clip || clip->kind != UnaryKind::kClip || clip->lo != 0 || clip->hi != top) return NodeId::kNone;
    const auto shifted = shifted_at(graph, graph[id].inputs[0]);
    if (!shifted || shifted->by != shift) return NodeId::kNone;
    double found = 1;
    const NodeId x = scale == 1 ? shifted->x : strip_scale(graph, uses, shifted->x, found);
    return about(found, scale) ? x : NodeId::kNone;
}

/// hard_sigmoid(x) itself, spelled out, or kNone.
NodeId hard_sigmoid_of(const Graph& graph, const std::vector<int>& uses, NodeId id) {
    if (const auto* unary = graph.as<Unary>(id); unary && unary->kind == UnaryKind::kHardSigmoid) {
        return graph[id].inputs[0];
    }
    if (const NodeId x = clipped(graph, uses, id, 1.0 / 6.0, 0.5, 1); x != NodeId::kNone) return x;
    const auto product = product_at(graph, uses, id);
    if (!product || product->leaves.size() != 1 || !about(product->scale, 1.0 / 6.0)) return NodeId::kNone;
    return clipped(graph, uses, product->leaves[0], 1, 3, 6);
}

std::optional<Found> hard_swish_at(const Graph& graph, const std::vector<int>& uses, NodeId id) {
    const auto product = product_at(graph, uses, id);
    for (std::size_t side = 0; product && product->leaves.size() == 2 && side < 2; ++side) {
        const NodeId x = product->leaves[side];
        const NodeId gate = product->leaves[1 - side];
        const bool plain = about(product->scale, 1) && hard_sigmoid_of(graph, uses, gate) == x;
        const bool scaled = about(product->scale, 1.0 / 6.0) && clipped(graph, uses, gate, 1, 3, 6) == x;
        if (plain || scaled) return Found{{UnaryKind::kHardSwish}, x};
    }
    if (graph.as<Unary>(id) && graph.as<Unary>(id)->kind == UnaryKind::kHardSigmoid) return std::nullopt;
    const NodeId x = hard_sigmoid_of(graph, uses, id);
    if (x == NodeId::kNone) return std::nullopt;
    return Found{{UnaryKind::kHardSigmoid}, x};
}

}  // namespace

Graph recognize_hard_swish(const Graph& graph, Change& change) {
    return replace_found(graph, change, hard_swish_at);
}

}  // namespace espalier::passes
