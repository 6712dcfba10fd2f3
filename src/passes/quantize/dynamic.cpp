#include "passes/quantize/dynamic.h"

#include "kernels/quantize/quantize_weights.h"
#include "passes/match.h"

namespace espalier::passes {

using namespace graph;

namespace {

/// Adds the quantized weights and their scales (one per output channel in any scheme) to the rewriter's
/// graph.
std::vector<NodeId> quantized_weights(Rewriter& rewriter, NodeId weights, QuantScheme scheme) {
    const Tensor tensor = rewriter.from().constant(weights)->to_f32();
    const std::int64_t rows = tensor.shape()[0];
    const std::int64_t columns = tensor.elements() / rows;
    auto quantized = scheme == QuantScheme::kTorch
                         ? kernels::quantize_weights_torch(tensor.span<float>().data(), rows, columns)
                         : kernels::quantize_weights_per_row(tensor.span<float>().data(), rows, columns);
    quantized.scales.resize(static_cast<std::size_t>(rows), quantized.scales.front());
    const std::string& name = rewriter.from()[weights].name;
    Graph& out = rewriter.out();
    return {out.add_constant(name + ".s8", Tensor::of<std::int8_t>(tensor.shape(), quantized.values)),
            out.add_constant(name + ".scale", Tensor::of<float>({rows}, quantized.scales))};
}

/// x, weights, scales, then bias and residual as they were.
std::vector<NodeId> quantized_inputs(Rewriter& rewriter, NodeId id, QuantScheme scheme) {
    const Node& node = rewriter.from()[id];
    std::vector<NodeId> inputs{rewriter[node.inputs[0]]};
    for (const NodeId added : quantized_weights(rewriter, node.inputs[1], scheme)) inputs.push_back(added);
    for (std::size_t k = 2; k < node.inputs.size(); ++k) inputs.push_back(rewriter[node.inputs[k]]);
    return inputs;
}

/// Channels from which on a pixel has a scale of its own: what is done once for each pixel takes as long as
/// some dozens of products.
constexpr std::int64_t kFewestChannels = 128;

QuantScheme scheme_of(const Graph& graph, NodeId id, const Conv2d& conv) {
    const Shape& weights = graph.type(graph[id].inputs[1]).shape;
    const bool each_pixel = is_pointwise(conv.pad, conv.groups, weights) && weights[1] >= kFewestChannels;
    return each_pixel ? QuantScheme::kPerRow : QuantScheme::kPerImage;
}

bool pays(const Graph& graph, NodeId id, const Conv2d& conv) {
    return conv.groups == 1 && graph.type(graph[id].inputs[1]).shape[1] > 4;
}

}  // namespace

Graph quantize_dynamically(const Graph& graph, QuantScheme scheme, Change& change) {
    Rewriter rewriter(graph);
    for (int i = 0; i < graph.size(); ++i) {
        const auto id = static_cast<NodeId>(i);
        const auto* linear = graph.as<Linear>(id);
        const auto* conv = graph.as<Conv2d>(id);
        if (!graph.constant(linear || conv ? graph[id].inputs[1] : NodeId::kNone)) {
            rewriter.keep(id);
        } else if (linear) {
            const QuantizedLinear op{scheme, linear->activation};
            rewriter.replace(id,
                             rewriter.out().add(op, quantized_inputs(rewriter, id, scheme), graph[id].name));
            ++change.count;
        } else if (scheme == QuantScheme::kPerRow && pays(graph, id, *conv)) {
            const QuantizedConv2d op{.scheme = scheme_of(graph, id, *conv),
                                     .stride = conv->stride,
                                     .pad = conv->pad,
                                     .dilation = conv->dilation,
                                     .groups = conv->groups,
                                     .layout = conv->layout,
                                     .activation = conv->activation};
            rewriter.replace(id,
                             rewriter.out().add(op, quantized_inputs(rewriter, id, scheme), graph[id].name));
            ++change.count;
        } else {
            rewriter.keep(id);
        }
    }
    return rewriter.finish();
}

}  // namespace espalier::passes
