#include "passes/quantize/integers.h"

#include <cmath>
#include <optional>

#include "passes/match.h"

namespace espalier::passes {

using namespace graph;

namespace {

/// The scale of a DequantizeLinear with one scale for the whole tensor, and a constant zero point.
std::optional<double> tensor_scale(const Graph& graph, NodeId id) {
    if (!graph.as<DequantizeLinear>(id)) return std::nullopt;
    const NodeId zero = input_of(graph, id, 2);
    if (zero != NodeId::kNone && !graph.constant(zero)) return std::nullopt;
    return scalar_constant(graph, graph[id].inputs[1]);
}

/// The codes of a dequantized constant less their zero point, as floats; nothing where it is no constant.
std::optional<Tensor> centred_codes(const Graph& graph, NodeId id) {
    const Tensor* codes = graph.constant(graph[id].inputs[0]);
    if (!codes) return std::nullopt;
    const NodeId zero_id = input_of(graph, id, 2);
    const float zero = zero_id == NodeId::kNone ? 0.0f : graph.constant(zero_id)->to_f32().span<float>()[0];
    Tensor result = codes->to_f32().clone();
    for (float& value : result.mutable_span<float>()) value -= zero;
    return result;
}

class SumIntegers {
  public:
    SumIntegers(const Graph& graph, Change& change) : graph_(graph), rewriter_(graph), change_(change) {}

    Graph run() {
        for (int i = 0; i < graph_.size(); ++i) {
            const auto id = static_cast<NodeId>(i);
            if (!convolution(id) && !mean(id) && !quantization(id)) rewriter_.keep(id);
        }
        return rewriter_.finish();
    }

  private:
    NodeId scalar(double value, const std::string& name) {
        const float rounded = static_cast<float>(value);
        return rewriter_.out().add_constant(name, Tensor::of<float>({}, {&rounded, 1}));
    }

    /// x - zx for a dequantized value.
    NodeId centred(NodeId id) {
        const Node& node = graph_[id];
        std::vector<NodeId> inputs{rewriter_[node.inputs[0]], scalar(1, node.name + ".one")};
        if (node.inputs.size() > 2) inputs.push_back(rewriter_[node.inputs[2]]);
        return rewriter_.out().add(node.op, std::move(inputs), node.name + ".centred");
    }

    bool scaled(NodeId id, NodeId sum, double scale) {
        const std::string& name = graph_[id].name;
        rewriter_.replace(id, rewriter_.out().add(Binary{.kind = BinaryKind::kMul},
                                                  {sum, scalar(scale, name + ".scale")}, name + ".scaled"));
        ++change_.count;
        return true;
    }

    bool convolution(NodeId id) {
        const auto* conv = graph_.as<Conv2d>(id);
        if (!conv || conv->activation.present || input_of(graph_, id, 3) != NodeId::kNone) return false;
        const Node& node = graph_[id];
        const auto sx = tensor_scale(graph_, node.inputs[0]);
        const auto sw = tensor_scale(graph_, node.inputs[1]);
        if (!sx || !sw || graph_.constant(graph_[node.inputs[0]].inputs[0])) return false;
        const auto weights = centred_codes(graph_, node.inputs[1]);
        if (!weights) return false;
        NodeId bias = NodeId::kNone;
        if (const NodeId b = input_of(graph_, id, 2); b != NodeId::kNone) {
            const auto sb = tensor_scale(graph_, b);
            const auto codes = sb ? centred_codes(graph_, b) : std::nullopt;
            if (!codes || std::fabs(*sb - *sx * *sw) > 1e-5 * *sx * *sw) return false;
            bias = rewriter_.out().add_constant(graph_[b].name + ".codes", *codes);
        }
        const NodeId w = rewriter_.out().add_constant(graph_[node.inputs[1]].name + ".codes", *weights);
        const NodeId sum = rewriter_.out().add(*conv, {centred(node.inputs[0]), w, bias}, node.name);
        return scaled(id, sum, *sx * *sw);
    }

    bool mean(NodeId id) {
        const auto* reduce = graph_.as<Reduce>(id);
        if (!reduce || reduce->kind != ReduceKind::kMean) return false;
        const auto scale = tensor_scale(graph_, graph_[id].inputs[0]);
        if (!scale) return false;
        return scaled(id, rewriter_.out().add(*reduce, {centred(graph_[id].inputs[0])}, graph_[id].name), *scale);
    }

    bool quantization(NodeId id) {
        if (!graph_.as<QuantizeLinear>(id)) return false;
        const Graph& out = rewriter_.out();
        const NodeId product = rewriter_[graph_[id].inputs[0]];
        const auto* binary = out.as<Binary>(product);
        const auto step = scalar_constant(graph_, graph_[id].inputs[1]);
        if (!binary || binary->kind != BinaryKind::kMul || !step) return false;
        const auto factor = scalar_constant(out, out[product].inputs[1]);
        if (!factor || *factor <= 0) return false;
        const NodeId sum = out[product].inputs[0];
        const NodeId scale = scalar(*step / *factor, graph_[id].name + ".step");
        rewriter_.replace(id, rewriter_.out().add(graph_[id].op, {sum, scale, rewriter_[graph_[id].inputs[2]]},
                                                  graph_[id].name));
        ++change_.count;
        return true;
    }

    const Graph& graph_;
    Rewriter rewriter_;
    Change& change_;
};

}  // namespace

Graph sum_integers(const Graph& graph, Change& change) { return SumIntegers(graph, change).run(); }

}  // namespace espalier::passes
