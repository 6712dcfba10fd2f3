#include <fmt/core.h>

#include <cstdlib>

#include "passes/match.h"
#include "passes/recognize/product.h"
#include "passes/recognize/recognize.h"

namespace espalier::passes {

using namespace graph;

namespace {

/// What `id` is the mean of over the last axis, which it keeps; kNone for anything else.
NodeId mean_of(const Graph& graph, NodeId id) {
    const auto* reduce = graph.as<Reduce>(id);
    if (!reduce || reduce->kind != ReduceKind::kMean || !reduce->keep_axes || reduce->axes.size() != 1) {
        return NodeId::kNone;
    }
    const NodeId x = graph[id].inputs[0];
    const std::int64_t axis = reduce->axes[0];
    return axis == -1 || axis == graph.type(x).shape.rank() - 1 ? x : NodeId::kNone;
}

/// x where `id` is x - mean(x), else kNone.
NodeId centred(const Graph& graph, NodeId id) {
    const auto* binary = graph.as<Binary>(id);
    if (!binary || binary->kind != BinaryKind::kSub) return NodeId::kNone;
    const NodeId x = graph[id].inputs[0];
    return mean_of(graph, graph[id].inputs[1]) == x ? x : NodeId::kNone;
}

/// d where `id` is d^2, else kNone.
NodeId square_root_of_power(const Graph& graph, NodeId id) {
    const auto* binary = graph.as<Binary>(id);
    if (!binary) return NodeId::kNone;
    const auto& inputs = graph[id].inputs;
    const bool squared = binary->kind == BinaryKind::kPow && scalar_constant(graph, inputs[1]) == 2.0;
    const bool product = binary->kind == BinaryKind::kMul && inputs[0] == inputs[1];
    return squared || product ? inputs[0] : NodeId::kNone;
}

/// The input of a Unary of that kind, else kNone.
NodeId argument_of(const Graph& graph, NodeId id, UnaryKind kind) {
    const auto* unary = graph.as<Unary>(id);
    return unary && unary->kind == kind ? graph[id].inputs[0] : NodeId::kNone;
}

/// The double whose shortest text is that of the float: 1e-06 where a file holds the nearest f32.
double shortest(double value) {
    return std::strtod(fmt::format("{}", static_cast<float>(value)).c_str(), nullptr);
}

struct Normalized {
    NodeId x = NodeId::kNone;
    double eps = 0;
};

/// d / deviation, where deviation = sqrt(mean(d^2) + eps), or d * (1 / deviation).
std::optional<Normalized> normalized_at(const Graph& graph, NodeId id) {
    const auto* binary = graph.as<Binary>(id);
    if (!binary) return std::nullopt;
    for (std::size_t side = 0; side < 2; ++side) {
        const NodeId d = graph[id].inputs[side];
        NodeId deviation = graph[id].inputs[1 - side];
        if (binary->kind == BinaryKind::kMul) {
            deviation = argument_of(graph, deviation, UnaryKind::kReciprocal);
        } else if (binary->kind != BinaryKind::kDiv || side == 1) {
            continue;
        }
        const NodeId x = centred(graph, d);
        const NodeId variance = argument_of(graph, deviation, UnaryKind::kSqrt);
        if (x == NodeId::kNone || variance == NodeId::kNone) continue;
        const auto shifted = shifted_at(graph, variance);
        if (!shifted || shifted->by < 0) continue;
        const NodeId squares = mean_of(graph, shifted->x);
        const NodeId again = squares == NodeId::kNone ? squares : square_root_of_power(graph, squares);
        if (again != NodeId::kNone && (again == d || centred(graph, again) == x)) {
            return Normalized{x, shortest(shifted->by)};
        }
    }
    return std::nullopt;
}

/// The layer norm of the new graph that one operand of `id` became, with `inputs` inputs so far and no other
/// use, and the constant that is the other operand.
struct Affine {
    NodeId norm = NodeId::kNone;
    NodeId constant = NodeId::kNone;
};
std::optional<Affine> affine_at(Rewriter& rewriter, const std::vector<int>& uses, NodeId id,
                                std::size_t inputs) {
    const Graph& graph = rewriter.from();
    for (std::size_t side = 0; side < 2; ++side) {
        const NodeId producer = graph[id].inputs[side];
        const Tensor* constant = graph.constant(graph[id].inputs[1 - side]);
        if (!constant || uses[static_cast<std::size_t>(producer)] != 1) continue;
        const NodeId norm = rewriter[producer];
        if (!rewriter.out().as<LayerNorm>(norm) || rewriter.out()[norm].inputs.size() != inputs) continue;
        if (constant->dtype() == DType::kF32 && constant->shape() == Shape{graph.type(id).shape.back()}) {
            return Affine{norm, rewriter[graph[id].inputs[1 - side]]};
        }
    }
    return std::nullopt;
}

}  // namespace

Graph recognize_layer_norm(const Graph& graph, Change& change) {
    Rewriter rewriter(graph);
    const auto uses = graph.use_counts();
    for (int i = 0; i < graph.size(); ++i) {
        const auto id = static_cast<NodeId>(i);
        const std::string& name = graph[id].name;
        if (const auto found = normalized_at(graph, id)) {
            rewriter.replace(id, rewriter.out().add(LayerNorm{found->eps}, {rewriter[found->x]}, name));
            ++change.count;
            continue;
        }
        const auto* binary = graph.as<Binary>(id);
        const bool gains = binary && binary->kind == BinaryKind::kMul;
        const bool shifts = binary && binary->kind == BinaryKind::kAdd;
        const auto affine = gains || shifts ? affine_at(rewriter, uses, id, gains ? 1 : 2) : std::nullopt;
        if (!affine) {
            rewriter.keep(id);
            continue;
        }
        std::vector<NodeId> inputs = rewriter.out()[affine->norm].inputs;
        inputs.push_back(affine->constant);
        rewriter.replace(id, rewriter.out().add(rewriter.out()[affine->norm].op, std::move(inputs), name));
    }
    return rewriter.finish();
}

}  // namespace espalier::passes
