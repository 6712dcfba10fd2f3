#include "passes/recognize/pointwise.h"
#include "passes/recognize/recognize.h"

namespace espalier::passes {

using namespace graph;

namespace {

std::optional<Found> silu_at(const Graph& graph, const std::vector<int>&, NodeId id) {
    const auto* binary = graph.as<Binary>(id);
    if (!binary || binary->kind != BinaryKind::kMul) return std::nullopt;
    for (std::size_t side = 0; side < 2; ++side) {
        const NodeId x = graph[id].inputs[side];
        const NodeId gate = graph[id].inputs[1 - side];
        const auto* unary = graph.as<Unary>(gate);
        if (unary && unary->kind == UnaryKind::kSigmoid && graph[gate].inputs[0] == x) {
            return Found{{UnaryKind::kSilu}, x};
        }
    }
    return std::nullopt;
}

}  // namespace

Graph recognize_silu(const Graph& graph, Change& change) { return replace_found(graph, change, silu_at); }

}  // namespace espalier::passes
