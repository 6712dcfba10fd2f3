#include <optional>

#include "passes/fuse/fuse.h"
#include "passes/match.h"

namespace espalier::passes {

using namespace graph;

namespace {

/// Functions that every epilogue knows.
bool fusable(UnaryKind kind) { return kind <= UnaryKind::kHardSigmoid; }

template <typename O>
std::optional<Op> with_activation(const Op& op, const Activation& activation) {
    const auto* o = std::get_if<O>(&op);
    if (!o || o->activation.present) return std::nullopt;
    O changed = *o;
    changed.activation = activation;
    return changed;
}

/// The op with the activation behind it, or nothing when it cannot take one.
std::optional<Op> activated(const Op& op, const Activation& activation) {
    for (const auto& result :
         {with_activation<Conv2d>(op, activation), with_activation<Linear>(op, activation),
          with_activation<BatchNorm>(op, activation), with_activation<GroupNorm>(op, activation),
          with_activation<QuantizedConv2d>(op, activation), with_activation<QuantizedLinear>(op, activation),
          with_activation<IntegerConv2d>(op, activation), with_activation<IntegerLinear>(op, activation)}) {
        if (result) return result;
    }
    return std::nullopt;
}

}  // namespace

Graph fuse_activation(const Graph& graph, Change& change) {
    Rewriter rewriter(graph);
    const auto uses = graph.use_counts();
    for (int i = 0; i < graph.size(); ++i) {
        const auto id = static_cast<NodeId>(i);
        const auto* unary = graph.as<Unary>(id);
        std::optional<Op> fused;
        if (unary && fusable(unary->kind) && uses[static_cast<std::size_t>(graph[id].inputs[0])] == 1) {
            const Activation activation{true, unary->kind, unary->lo, unary->hi};
            fused = activated(graph[graph[id].inputs[0]].op, activation);
        }
        if (!fused) {
            rewriter.keep(id);
            continue;
        }
        const Node& producer = graph[graph[id].inputs[0]];
        std::vector<NodeId> inputs;
        for (const NodeId input : producer.inputs) inputs.push_back(rewriter[input]);
        rewriter.replace(id, rewriter.out().add(std::move(*fused), std::move(inputs), producer.name));
        ++change.count;
    }
    return rewriter.finish();
}

}  // namespace espalier::passes
