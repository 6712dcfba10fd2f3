#include "passes/recognize/recognize.h"

namespace espalier::passes {

using namespace graph;

namespace {

/// Axis of the output features of a product that has no bias, residual or activation yet; -1 for anything
/// else.
int feature_axis(const Graph& graph, NodeId id) {
    if (graph[id].inputs.size() != 2) return -1;
    if (const auto* linear = graph.as<Linear>(id); linear && !linear->activation.present) {
        return graph.type(id).shape.rank() - 1;
    }
    const auto* conv = graph.as<Conv2d>(id);
    return conv && !conv->activation.present && conv->layout == Layout::kNchw ? 1 : -1;
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
            const auto& inputs = graph[producer].inputs;
            rewriter.replace(
                id, rewriter.out().add(graph[producer].op, {rewriter[inputs[0]], rewriter[inputs[1]], flat},
                                       graph[producer].name));
            found = true;
            ++change.count;
        }
        if (!found) rewriter.keep(id);
    }
    return rewriter.finish();
}

}  // namespace espalier::passes
