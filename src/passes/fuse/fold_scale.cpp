#include <algorithm>

#include "passes/fuse/fuse.h"
#include "passes/fuse/weights.h"
#include "passes/match.h"

namespace espalier::passes {

using namespace graph;

namespace {

/// The factor of each output channel of `producer` when `id` is a constant that broadcasts along its channel
/// axis alone (or one number); empty otherwise.
std::vector<double> channel_factors(const Graph& graph, NodeId id, NodeId producer) {
    const Tensor* tensor = graph.constant(id);
    if (!tensor || tensor->dtype() != DType::kF32) return {};
    const Shape& out = graph.type(producer).shape;
    const auto* conv = graph.as<Conv2d>(producer);
    const int channel_axis = conv && conv->layout == Layout::kNchw ? 1 : out.rank() - 1;
    const std::int64_t channels = out[channel_axis];
    const Shape& shape = tensor->shape();
    const int offset = out.rank() - shape.rank();
    if (offset < 0) return {};
    for (int axis = 0; axis < shape.rank(); ++axis) {
        if (shape[axis] != 1 && (axis + offset != channel_axis || shape[axis] != channels)) return {};
    }
    const Tensor aligned = tensor->to_aligned();
    const auto values = aligned.span<float>();
    std::vector<double> factors(static_cast<std::size_t>(channels), values[0]);
    if (values.size() > 1) std::copy(values.begin(), values.end(), factors.begin());
    return factors;
}

}  // namespace

Graph fold_scale(const Graph& graph, Change& change) {
    Rewriter rewriter(graph);
    const auto uses = graph.use_counts();
    for (int i = 0; i < graph.size(); ++i) {
        const auto id = static_cast<NodeId>(i);
        const auto* binary = graph.as<Binary>(id);
        bool folded = false;
        for (std::size_t side = 0; binary && binary->kind == BinaryKind::kMul && side < 2 && !folded;
             ++side) {
            const NodeId producer = graph[id].inputs[side];
            if (!foldable(graph, uses, producer) || !(graph.type(producer) == graph.type(id))) continue;
            const auto factors = channel_factors(graph, graph[id].inputs[1 - side], producer);
            if (factors.empty()) continue;
            std::vector<double> bias = bias_of(graph, producer);
            for (std::size_t c = 0; c < bias.size(); ++c) bias[c] *= factors[c];
            const Tensor weights = scaled_rows(*graph.constant(graph[producer].inputs[1]), factors);
            rewriter.replace(id, add_with_weights(rewriter, producer, weights, bias));
            folded = true;
            ++change.count;
        }
        if (!folded) rewriter.keep(id);
    }
    return rewriter.finish();
}

}  // namespace espalier::passes
