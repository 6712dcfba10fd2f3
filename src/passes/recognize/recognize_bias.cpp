#include "passes/recognize/recognize.h"

namespace espalier::passes {

using namespace graph;

namespace {

/// Axis of the output features of a product that has no bias, residual or activation yet; -1 for anything
/// else.
int feature_axis(const Graph& graph, NodeId id) {
    const std::size_t given = graph[id].inputs.size();
    const auto is_free = [](const auto* op) { return op && !op->activation.present; };
    const auto is_image = [&](const auto* op) { return is_free(op) && op->layout == Layout::kNchw; };
    const int last = graph.type(id).shape.rank() - 1;
    if (given == 2 && is_free(graph.as<Linear>(id))) return last;
    if (given == 3 && is_free(graph.as<QuantizedLinear>(id))) return last;
    if (given == 2 && is_image(graph.as<Conv2d>(id))) return 1;
    return given == 3 && is_image(graph.as<QuantizedConv2d>(id)) ? 1 : -1;
}

/// Whether a constant has one number per index of `axis` of a value of shape `out`, and broadcasts over the
/// others.
bool is_per_feature(const Tensor& tensor, const Shape& out, int axis) {
    const int lead = out.rank() - tensor.shape().rank();
    if (tensor.dtype() != DType::kF32 || lead < 0 || tensor.elements() != out[axis]) return false;
    return axis >= lead && tensor.shape()[axis - lead] == out[axis];
}

}  // namespace

Graph recognize_bias(const Graph& graph, Change& change) {
    Rewriter rewriter(graph);
    const auto uses = graph.use_counts();
    for (int i = 0; i < graph.size(); ++i) {
        const auto id = static_cast<NodeId>(i);
        const auto* binary = graph.as<Binary>(id);
        bool found = false;
        for (std::size_t side = 0; binary && binary->kind == BinaryKind::kAdd && side < 2 && !found; ++side) {
            const NodeId producer = graph[id].inputs[side];
            const NodeId addend = graph[id].inputs[1 - side];
            const Tensor* bias = graph.constant(addend);
            const int axis = feature_axis(graph, producer);
            if (axis < 0 || !bias || uses[static_cast<std::size_t>(producer)] != 1) continue;
            const Shape& out = graph.type(producer).shape;
            if (!is_per_feature(*bias, out, axis)) continue;
            const NodeId flat =
                bias->shape().rank() == 1
                    ? rewriter[addend]
                    : rewriter.out().add_constant(graph[addend].name, bias->reshaped({out[axis]}));
            std::vector<NodeId> inputs;
            for (const NodeId input : graph[producer].inputs) inputs.push_back(rewriter[input]);
            inputs.push_back(flat);
            rewriter.replace(id,
                             rewriter.out().add(graph[producer].op, std::move(inputs), graph[producer].name));
            found = true;
            ++change.count;
        }
        if (!found) rewriter.keep(id);
    }
    return rewriter.finish();
}

}  // namespace espalier::passes
