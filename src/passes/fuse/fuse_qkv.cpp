#include <algorithm>
#include <span>

#include "passes/fuse/fuse.h"
#include "passes/fuse/weights.h"
#include "passes/match.h"

namespace espalier::passes {

using namespace graph;

namespace {

/// Rows of several matrices one below the other.
Tensor stacked(const Graph& graph, std::span<const NodeId> linears) {
    const std::int64_t columns = graph.type(graph[linears[0]].inputs[1]).shape[1];
    std::int64_t rows = 0;
    for (const NodeId id : linears) rows += graph.type(graph[id].inputs[1]).shape[0];
    Tensor result = Tensor::allocate(DType::kF32, {rows, columns});
    auto out = result.mutable_span<float>().begin();
    for (const NodeId id : linears) {
        const Tensor part = graph.constant(graph[id].inputs[1])->to_aligned();
        const auto values = part.span<float>();
        out = std::copy(values.begin(), values.end(), out);
    }
    return result;
}

}  // namespace

Graph fuse_qkv(const Graph& graph, Change& change) {
    constexpr std::size_t kProjections = 3;
    Rewriter rewriter(graph);
    const auto uses = graph.use_counts();
    for (int i = 0; i < graph.size(); ++i) {
        const auto id = static_cast<NodeId>(i);
        const auto* attention = graph.as<Attention>(id);
        const auto& operands = graph[id].inputs;
        const std::span inputs(operands.begin(), std::min<std::size_t>(operands.size(), kProjections));
        const auto from_same_input = [&](NodeId input) {
            return graph.as<Linear>(input) && foldable(graph, uses, input) &&
                   graph[input].inputs[0] == graph[inputs[0]].inputs[0] &&
                   graph.type(input) == graph.type(inputs[0]);
        };
        if (!attention || inputs.size() != kProjections || !graph.as<Linear>(inputs[0]) ||
            !std::all_of(inputs.begin(), inputs.end(), from_same_input)) {
            rewriter.keep(id);
            continue;
        }
        std::vector<float> bias;
        for (const NodeId linear : inputs) {
            for (const double value : bias_of(graph, linear)) bias.push_back(static_cast<float>(value));
        }
        Graph& out = rewriter.out();
        const std::string prefix = graph[id].name + ".qkv";
        const NodeId w = out.add_constant(prefix + ".weight", stacked(graph, inputs));
        const NodeId b = out.add_constant(prefix + ".bias",
                                          Tensor::of<float>({static_cast<std::int64_t>(bias.size())}, bias));
        const NodeId qkv = out.add(Linear{}, {rewriter[graph[inputs[0]].inputs[0]], w, b}, prefix);
        std::vector<NodeId> fused{qkv};
        if (operands.size() > kProjections) {
            fused.insert(fused.end(), {NodeId::kNone, NodeId::kNone, rewriter[operands[kProjections]]});
        }
        rewriter.replace(id, out.add(*attention, std::move(fused), graph[id].name));
        ++change.count;
    }
    return rewriter.finish();
}

}  // namespace espalier::passes
