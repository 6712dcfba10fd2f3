#include <algorithm>
#include <optional>

#include "passes/fuse/fuse.h"
#include "passes/fuse/weights.h"
#include "passes/match.h"

namespace espalier::passes {

using namespace graph;

namespace {

/// What lies in front of a convolution or linear layer and can go into its weights.
struct Folded {
    NodeId below;   ///< the value that remains as input
    Affine affine;  ///< of each input channel
};

/// Whether each output sums whole windows of real elements over the channels of a norm in layout `layout`.
bool sums_channels(const Graph& graph, NodeId id, Layout layout) {
    if (const auto* conv = graph.as<Conv2d>(id))
        return conv->pad == Quad{0, 0, 0, 0} && conv->layout == layout;
    return graph.type(graph[id].inputs[0]).shape.rank() == 2 || layout == Layout::kNhwc;
}

std::optional<Folded> norm_in_front(const Graph& graph, NodeId id) {
    const NodeId norm_id = graph[id].inputs[0];
    const auto* norm = graph.as<BatchNorm>(norm_id);
    if (!norm || norm->activation.present || !has_constant_statistics(graph, norm_id)) return {};
    if (!sums_channels(graph, id, norm->layout)) return {};
    return Folded{graph[norm_id].inputs[0], affine_of(graph, norm_id)};
}

/// x + c in front of a linear layer, c one number for each element of the last axis.
std::optional<Folded> shift_in_front(const Graph& graph, NodeId id) {
    const NodeId sum = graph[id].inputs[0];
    const auto* binary = graph.as<Binary>(sum);
    if (!graph.as<Linear>(id) || !binary || binary->kind != BinaryKind::kAdd) return {};
    for (std::size_t side = 0; side < 2; ++side) {
        const NodeId x = graph[sum].inputs[1 - side];
        const Tensor* shift = graph.constant(graph[sum].inputs[side]);
        const std::int64_t width = graph.type(sum).shape.back();
        if (!shift || shift->dtype() != DType::kF32 || !(graph.type(x) == graph.type(sum))) continue;
        if (shift->elements() != width || shift->shape().back() != width) continue;
        const Tensor aligned = shift->to_aligned();
        const auto values = aligned.span<float>();
        return Folded{x, {std::vector<double>(values.size(), 1.0), {values.begin(), values.end()}}};
    }
    return {};
}

/// Multiplies weights [outputs, channels / groups, ...] by the factors of their input channels, and adds what
/// the shifts contribute to `bias`.
Tensor absorb(const Tensor& weights, std::int64_t groups, const Affine& affine, std::vector<double>& bias) {
    Tensor result = weights.clone();
    const auto w = result.mutable_span<float>();
    const Shape& shape = weights.shape();
    const std::int64_t window = shape.product(2, shape.rank());
    for (std::int64_t o = 0, at = 0; o < shape[0]; ++o) {
        const std::int64_t first = o / (shape[0] / groups) * shape[1];
        for (std::int64_t c = first; c < first + shape[1]; ++c) {
            for (std::int64_t i = 0; i < window; ++i, ++at) {
                float& weight = w[static_cast<std::size_t>(at)];
                bias[static_cast<std::size_t>(o)] += weight * affine.b[static_cast<std::size_t>(c)];
                weight = static_cast<float>(weight * affine.a[static_cast<std::size_t>(c)]);
            }
        }
    }
    return result;
}

}  // namespace

Graph fold_input(const Graph& graph, Change& change) {
    Rewriter rewriter(graph);
    const auto uses = graph.use_counts();
    for (int i = 0; i < graph.size(); ++i) {
        const auto id = static_cast<NodeId>(i);
        std::optional<Folded> folded;
        if (has_constant_weights(graph, id) && uses[static_cast<std::size_t>(graph[id].inputs[0])] == 1) {
            folded = norm_in_front(graph, id);
            if (!folded) folded = shift_in_front(graph, id);
        }
        if (!folded) {
            rewriter.keep(id);
            continue;
        }
        const auto* conv = graph.as<Conv2d>(id);
        std::vector<double> bias = bias_of(graph, id);
        const Tensor weights =
            absorb(*graph.constant(graph[id].inputs[1]), conv ? conv->groups : 1, folded->affine, bias);
        rewriter.replace(id, add_with_weights(rewriter, id, weights, bias, folded->below));
        ++change.count;
    }
    return rewriter.finish();
}

}  // namespace espalier::passes
