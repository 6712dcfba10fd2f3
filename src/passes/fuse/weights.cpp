#include "passes/fuse/weights.h"

#include <cmath>

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

bool has_constant_weights(const Graph& graph, NodeId id) {
    if (!graph.as<Conv2d>(id) && !graph.as<Linear>(id)) return false;
    if (input_of(graph, id, 3) != NodeId::kNone) return false;
    const NodeId bias = input_of(graph, id, 2);
    const Tensor* weights = graph.constant(input_of(graph, id, 1));
    return weights && weights->dtype() == DType::kF32 && (bias == NodeId::kNone || graph.constant(bias));
}

bool foldable(const Graph& graph, const std::vector<int>& uses, NodeId id) {
    const auto* conv = graph.as<Conv2d>(id);
    const auto* linear = graph.as<Linear>(id);
    const bool activated = (conv && conv->activation.present) || (linear && linear->activation.present);
    return has_constant_weights(graph, id) && !activated && uses[static_cast<std::size_t>(id)] == 1;
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

NodeId add_with_weights(Rewriter& rewriter, NodeId id, const Tensor& weights, std::span<const double> bias,
                        NodeId input) {
    const Graph& from = rewriter.from();
    const Node& node = from[id];
    const std::vector<float> rounded(bias.begin(), bias.end());
    Graph& out = rewriter.out();
    const NodeId w = out.add_constant(from[node.inputs[1]].name, weights);
    const NodeId b = out.add_constant(
        node.name + ".bias.folded", Tensor::of<float>({static_cast<std::int64_t>(rounded.size())}, rounded));
    return out.add(node.op, {rewriter[input == NodeId::kNone ? node.inputs[0] : input], w, b}, node.name);
}

bool has_constant_statistics(const Graph& graph, NodeId id) {
    for (std::size_t i = 1; i < 5; ++i) {
        if (!graph.constant(input_of(graph, id, i))) return false;
    }
    return true;
}

Affine affine_of(const Graph& graph, NodeId id) {
    const auto& inputs = graph[id].inputs;
    std::vector<Tensor> tensors;
    for (std::size_t i = 1; i < 5; ++i) tensors.push_back(graph.constant(inputs[i])->to_aligned());
    const auto gamma = tensors[0].span<float>();
    const auto beta = tensors[1].span<float>();
    const auto mean = tensors[2].span<float>();
    const auto var = tensors[3].span<float>();
    const double eps = graph.as<BatchNorm>(id)->eps;
    Affine affine;
    for (std::size_t c = 0; c < gamma.size(); ++c) {
        const double a = gamma[c] / std::sqrt(static_cast<double>(var[c]) + eps);
        affine.a.push_back(a);
        affine.b.push_back(beta[c] - a * mean[c]);
    }
    return affine;
}

}  // namespace espalier::passes
