#include "passes/quantize/bfloat16.h"

#include "passes/quantize/round_rows.h"

namespace espalier::passes {

using namespace graph;

namespace {

constexpr std::int64_t kRawChannels = 4;
constexpr std::int64_t kLeastGroup = 16;  ///< lanes of a vector

/// Whether a node is a layer that may multiply in bf16.
bool pays(const Graph& graph, NodeId id) {
    if (graph.as<Linear>(id)) return true;
    const auto* conv = graph.as<Conv2d>(id);
    if (!conv) return false;
    const Shape& weights = graph.type(graph[id].inputs[1]).shape;
    if (conv->groups == 1) return weights[1] > kRawChannels;
    return weights[1] >= kLeastGroup && weights[0] / conv->groups >= kLeastGroup;
}

/// The layers that read a constant as weights which may be rounded; 0 where something else reads it too.
std::vector<int> rounded_uses(const Graph& graph) {
    std::vector<int> uses(static_cast<std::size_t>(graph.size()), 0);
    for (int i = 0; i < graph.size(); ++i) {
        const auto id = static_cast<NodeId>(i);
        if (!pays(graph, id)) continue;
        const Tensor* weights = graph.constant(graph[id].inputs[1]);
        if (weights && weights->dtype() == DType::kF32) ++uses[static_cast<std::size_t>(graph[id].inputs[1])];
    }
    const auto all = graph.use_counts();
    for (std::size_t i = 0; i < uses.size(); ++i) {
        if (uses[i] != all[i]) uses[i] = 0;
    }
    return uses;
}

}  // namespace

Graph round_weights_to_bfloat16(const Graph& graph, Change& change) {
    Rewriter rewriter(graph);
    const auto uses = rounded_uses(graph);
    for (int i = 0; i < graph.size(); ++i) {
        const auto id = static_cast<NodeId>(i);
        const int layers = uses[static_cast<std::size_t>(i)];
        if (layers == 0) {
            rewriter.keep(id);
            continue;
        }
        rewriter.replace(
            id, rewriter.out().add_constant(graph[id].name, round_rows_to_bf16(*graph.constant(id))));
        change.count += layers;
    }
    return rewriter.finish();
}

Graph attend_in_bfloat16(const Graph& graph, Change& change) {
    Rewriter rewriter(graph);
    for (int i = 0; i < graph.size(); ++i) {
        const auto id = static_cast<NodeId>(i);
        const auto* attention = graph.as<Attention>(id);
        if (!attention || attention->bf16) {
            rewriter.keep(id);
            continue;
        }
        Attention rounded = *attention;
        rounded.bf16 = true;
        rewriter.keep_as(id, rounded);
        ++change.count;
    }
    return rewriter.finish();
}

}  // namespace espalier::passes
