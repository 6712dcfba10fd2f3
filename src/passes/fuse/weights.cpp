#include "passes/fuse/weights.h"

#include "passes/match.h"

namespace espalier::passes {

using namespace graph;

Tensor scaled_rows(const Tensor& weights, std::span<const double> factor) {
    const Tensor from = weights.to_aligned();
    Tensor result = Tensor::allocate(DType::kF32, weights.shape());
    const auto x = from.span<float>();
    const auto y = result.mutable_span<float>();
    const std::size_t row = factor.empty() ? 0 : x.size() / factor.size();
    for (std::size_t o = 0; o < factor.size(); ++o) {
        for (std::size_t i = o * row; i < (o + 1) * row; ++i) {
            y[i] = static_cast<float>(static_cast<double>(x[i]) * factor[o]);
        }
    }
    return result;
}

bool foldable(const Graph& graph, const std::vector<int>& uses, NodeId id) {
    const auto* conv = graph.as<Conv2d>(id);
    const auto* linear = graph.as<Linear>(id);
    if (!conv && !linear) return false;
    if ((conv && conv->activation.present) || (linear && linear->activation.present)) return false;
    if (uses[static_cast<std::size_t>(id)] != 1 || input_of(graph, id, 3) != NodeId::kNone) return false;
    const NodeId bias = input_of(graph, id, 2);
    return graph.constant(input_of(graph, id, 1)) && (bias == NodeId::kNone || graph.constant(bias));
}

std::vector<double> bias_of(const Graph& graph, NodeId id) {
    const std::int64_t rows = graph.constant(input_of(graph, id, 1))->shape()[0];
    std::vector<double> result(static_cast<std::size_t>(rows), 0.0);
    if (const Tensor* bias = graph.constant(input_of(graph, id, 2))) {
        const Tensor aligned = bias->to_aligned();
        const auto values = aligned.span<float>();
        result.assign(values.begin(), values.end());
    }
    return result;
}

NodeId add_with_weights(Rewriter& rewriter, NodeId id, const Tensor& weights, std::span<const double> bias) {
    const Graph& from = rewriter.from();
    const Node& node = from[id];
    const std::vector<float> rounded(bias.begin(), bias.end());
    Graph& out = rewriter.out();
    const NodeId w = out.add_constant(from[node.inputs[1]].name, weights);
    const NodeId b = out.add_constant(node.name + ".bias.folded",
                                      Tensor::of<float>({static_cast<std::int64_t>(rounded.size())}, rounded));
    return out.add(node.op, {rewriter[node.inputs[0]], w, b}, node.name);
}

}  // namespace espalier::passes
