#include "passes/quantize/integer_layers.h"

#include <algorithm>

#include "kernels/gemm_i8/tile_i8.h"
#include "kernels/quantize/quantize_weights.h"
#include "passes/match.h"

namespace espalier::passes {

using namespace graph;

namespace {

/// Whether each node's value changes with the input.
std::vector<bool> depends_on_input(const Graph& graph) {
    std::vector<bool> depends(static_cast<std::size_t>(graph.size()));
    for (int i = 0; i < graph.size(); ++i) {
        const auto id = static_cast<NodeId>(i);
        const auto& inputs = graph[id].inputs;
        depends[static_cast<std::size_t>(i)] =
            id == graph.input() || std::any_of(inputs.begin(), inputs.end(), [&](NodeId input) {
                return input != NodeId::kNone && depends[static_cast<std::size_t>(input)];
            });
    }
    return depends;
}

bool is_wanted(const Graph& graph, NodeId id) {
    const auto* conv = graph.as<Conv2d>(id);
    if (!conv && !graph.as<Linear>(id)) return false;
    const NodeId bias = input_of(graph, id, 2);
    const Tensor* weights = graph.constant(graph[id].inputs[1]);
    if (!weights || (bias != NodeId::kNone && !graph.constant(bias))) return false;
    const Shape& shape = weights->shape();
    if (shape.product(1, shape.rank()) > kernels::kI8MaxDepth) return false;
    if (!conv) return true;
    const bool is_depthwise = shape[1] == 1 && conv->groups == shape[0];
    return conv->layout == Layout::kNchw && (conv->groups == 1 || is_depthwise);
}

IntegerLayer quantized(const Graph& graph, NodeId id) {
    const Tensor weights = graph.constant(graph[id].inputs[1])->to_f32();
    const std::int64_t rows = weights.shape()[0];
    const auto codes =
        kernels::quantize_weights_per_row(weights.span<float>().data(), rows, weights.elements() / rows,
                                          kernels::WeightClip::kLeastSquaredError);
    return {id, Tensor::of<std::int8_t>(weights.shape(), codes.values), codes.scales, {}};
}

}  // namespace

std::vector<IntegerLayer> integer_layers_of(const Graph& graph) {
    const auto depends = depends_on_input(graph);
    std::vector<IntegerLayer> layers;
    for (int i = 0; i < graph.size(); ++i) {
        const auto id = static_cast<NodeId>(i);
        if (is_wanted(graph, id) && depends[static_cast<std::size_t>(graph[id].inputs[0])]) {
            layers.push_back(quantized(graph, id));
        }
    }
    return layers;
}

const kernels::Affine& IntegerLayers::affine(const IntegerLayer& layer) const {
    return affines_.at(rewriter_.from()[layer.id].inputs[0]);
}

NodeId IntegerLayers::codes_of(NodeId value) {
    const auto [known, is_new] = codes_.emplace(value, NodeId::kNone);
    if (!is_new) return known->second;
    const kernels::Affine& to = affines_.at(value);
    const auto zero = static_cast<std::uint8_t>(to.zero_point);
    const std::string name = rewriter_.from()[value].name + ".u8";
    Graph& out = rewriter_.out();
    const NodeId scale = out.add_constant(name + ".scale", Tensor::of<float>({}, {&to.scale, 1}));
    const NodeId zero_point = out.add_constant(name + ".zero", Tensor::of<std::uint8_t>({}, {&zero, 1}));
    known->second = out.add(QuantizeLinear{}, {rewriter_[value], scale, zero_point}, name);
    return known->second;
}

std::vector<NodeId> IntegerLayers::operands(const IntegerLayer& layer) {
    const Graph& graph = rewriter_.from();
    const std::string& name = graph[graph[layer.id].inputs[1]].name;
    std::vector<float> scales = layer.scales;
    for (float& scale : scales) scale *= affine(layer).scale;
    const auto count = static_cast<std::int64_t>(scales.size());
    Graph& out = rewriter_.out();
    const NodeId codes = codes_of(graph[layer.id].inputs[0]);
    return {codes, out.add_constant(name + ".s8", layer.codes),
            out.add_constant(name + ".scale", Tensor::of<float>({count}, scales))};
}

std::optional<Tensor> IntegerLayers::corrected_bias(const IntegerLayer& layer) const {
    const Graph& graph = rewriter_.from();
    const Tensor* bias = graph.constant(input_of(graph, layer.id, 2));
    if (!bias && layer.error.empty()) return std::nullopt;
    Tensor corrected = bias ? bias->clone() : Tensor::allocate(DType::kF32, {layer.codes.shape()[0]});
    const auto values = corrected.mutable_span<float>();
    for (std::size_t o = 0; o < layer.error.size(); ++o) {
        values[o] = static_cast<float>(values[o] + layer.error[o]);
    }
    return corrected;
}

NodeId IntegerLayers::residual_of(const IntegerLayer& layer, NodeId value) {
    if (!rewriter_.from().as<Conv2d>(layer.id) || !affines_.contains(value)) return rewriter_[value];
    const NodeId codes = codes_of(value);
    Graph& out = rewriter_.out();
    const std::vector<NodeId> quantized = out[codes].inputs;
    return out.add(DequantizeLinear{}, {codes, quantized[1], quantized[2]},
                   rewriter_.from()[value].name + ".residual");
}

NodeId IntegerLayers::add(const IntegerLayer& layer) {
    const Graph& graph = rewriter_.from();
    const Node& node = graph[layer.id];
    std::vector<NodeId> inputs = operands(layer);
    if (const auto bias = corrected_bias(layer)) {
        inputs.push_back(rewriter_.out().add_constant(node.name + ".bias", *bias));
    }
    if (const NodeId residual = input_of(graph, layer.id, 3); residual != NodeId::kNone) {
        inputs.resize(4, NodeId::kNone);
        inputs.push_back(residual_of(layer, residual));
    }
    const std::int64_t zero = affine(layer).zero_point;
    if (const auto* conv = graph.as<Conv2d>(layer.id)) {
        return rewriter_.out().add(IntegerConv2d{conv->stride, conv->pad, conv->dilation, conv->groups, zero,
                                                 conv->layout, conv->activation},
                                   std::move(inputs), node.name);
    }
    return rewriter_.out().add(IntegerLinear{zero, graph.as<Linear>(layer.id)->activation}, std::move(inputs),
                               node.name);
}

NodeId IntegerLayers::add_sums(const IntegerLayer& layer) {
    const std::int64_t zero = affine(layer).zero_point;
    const std::string name = rewriter_.from()[layer.id].name + ".integer";
    if (const auto* conv = rewriter_.from().as<Conv2d>(layer.id)) {
        return rewriter_.out().add(
            IntegerConv2d{conv->stride, conv->pad, conv->dilation, conv->groups, zero, conv->layout, {}},
            operands(layer), name);
    }
    return rewriter_.out().add(IntegerLinear{zero, {}}, operands(layer), name);
}

}  // namespace espalier::passes
