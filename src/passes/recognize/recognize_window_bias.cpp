#include <optional>

#include "passes/recognize/recognize.h"

namespace espalier::passes {

using namespace graph;

namespace {

/// A mask of more numbers than this, 64 MB, is left as it is.
constexpr std::int64_t kMostElements = std::int64_t{1} << 24;

/// Operands of an addition of a constant.
struct Addition {
    NodeId value;
    NodeId constant;
};
std::optional<Addition> addition_at(const Graph& graph, NodeId id) {
    const auto* binary = graph.as<Binary>(id);
    if (!binary || binary->kind != BinaryKind::kAdd) return {};
    const auto& inputs = graph[id].inputs;
    if (graph.constant(inputs[1])) return Addition{inputs[0], inputs[1]};
    if (graph.constant(inputs[0])) return Addition{inputs[1], inputs[0]};
    return {};
}

/// mask [1, W, 1, T, S] + bias [h, T, S], which may have a leading 1, as [1, W, h, T, S].
Tensor joined(const Tensor& mask, const Tensor& bias, const Shape& scores) {
    const std::int64_t windows = scores[1], heads = scores[2], matrix = scores[3] * scores[4];
    Tensor result = Tensor::allocate(DType::kF32, {1, windows, heads, scores[3], scores[4]});
    const Tensor masks = mask.to_aligned(), biases = bias.to_aligned();
    float* to = result.mutable_span<float>().data();
    for (std::int64_t row = 0; row < windows * heads; ++row) {
        const float* m = masks.span<float>().data() + row / heads * matrix;
        const float* b = biases.span<float>().data() + row % heads * matrix;
        for (std::int64_t i = 0; i < matrix; ++i) *to++ = m[i] + b[i];
    }
    return result;
}

struct Found {
    NodeId split;   ///< the Reshape to [N, W, h, T, S]
    NodeId scores;  ///< [N W, h, T, S], before the bias
    Tensor sum;
};

std::optional<Found> found_at(const Graph& graph, const std::vector<int>& uses, NodeId id) {
    const auto outer = addition_at(graph, id);
    if (!outer || !graph.as<Reshape>(outer->value) || uses[static_cast<std::size_t>(outer->value)] != 1)
        return {};
    const NodeId biased = graph[outer->value].inputs[0];
    const auto inner = addition_at(graph, biased);
    if (!inner || uses[static_cast<std::size_t>(biased)] != 1) return {};
    const Shape& split = graph.type(outer->value).shape;
    if (split.rank() != 5 || !(graph.type(id).shape == split)) return {};
    const Shape& whole = graph.type(inner->value).shape;
    if (whole.rank() != 4 || whole[1] != split[2] || whole[2] != split[3] || whole[3] != split[4]) return {};
    const Tensor& mask = *graph.constant(outer->constant);
    const Tensor& bias = *graph.constant(inner->constant);
    const bool fits = mask.shape() == Shape{1, split[1], 1, split[3], split[4]} &&
                      (bias.shape() == Shape{split[2], split[3], split[4]} ||
                       bias.shape() == Shape{1, split[2], split[3], split[4]});
    if (!fits || split.product(1, 5) > kMostElements) return {};
    return Found{outer->value, inner->value, joined(mask, bias, split)};
}

}  // namespace

Graph recognize_window_bias(const Graph& graph, Change& change) {
    Rewriter rewriter(graph);
    const auto uses = graph.use_counts();
    for (int i = 0; i < graph.size(); ++i) {
        const auto id = static_cast<NodeId>(i);
        const auto found = found_at(graph, uses, id);
        if (!found) {
            rewriter.keep(id);
            continue;
        }
        const std::string& name = graph[id].name;
        const NodeId split =
            rewriter.out().add(graph[found->split].op, {rewriter[found->scores]}, graph[found->split].name);
        const NodeId sum = rewriter.out().add_constant(name + ".bias", found->sum);
        rewriter.replace(id, rewriter.out().add(graph[id].op, {split, sum}, name));
        ++change.count;
    }
    return rewriter.finish();
}

}  // namespace espalier::passes
