#include "passes/match.h"
#include "passes/recognize/pointwise.h"
#include "passes/recognize/product.h"
#include "passes/recognize/recognize.h"

namespace espalier::passes {

using namespace graph;

namespace {

constexpr double kInverseRootOfTwo = 0.70710678118654752;
constexpr double kRootOfTwoOverPi = 0.79788456080286536;
constexpr double kCubic = 0.044715;

/// x where `id` is 1 + erf(x / sqrt(2)), else kNone.
NodeId doubled_cdf_of(const Graph& graph, const std::vector<int>& uses, NodeId id) {
    const auto shifted = shifted_at(graph, id);
    if (!shifted || shifted->by != 1.0 || uses[static_cast<std::size_t>(id)] != 1) return NodeId::kNone;
    const auto* erf = graph.as<Unary>(shifted->x);
    if (!erf || erf->kind != UnaryKind::kErf) return NodeId::kNone;
    double scale = 1;
    const NodeId x = strip_scale(graph, uses, graph[shifted->x].inputs[0], scale);
    return about(scale, kInverseRootOfTwo) ? x : NodeId::kNone;
}

/// Whether `id` is 0.044715 x^3.
bool is_cubic_term(const Graph& graph, const std::vector<int>& uses, NodeId id, NodeId x) {
    const auto product = product_at(graph, uses, id);
    if (!product || !about(product->scale, kCubic)) return false;
    const auto& leaves = product->leaves;
    if (leaves.size() == 3) return leaves[0] == x && leaves[1] == x && leaves[2] == x;
    const auto* power = leaves.size() == 1 ? graph.as<Binary>(leaves[0]) : nullptr;
    if (!power || power->kind != BinaryKind::kPow) return false;
    return graph[leaves[0]].inputs[0] == x && scalar_constant(graph, graph[leaves[0]].inputs[1]) == 3.0;
}

/// Whether `id` is 1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)).
bool is_doubled_tanh_cdf(const Graph& graph, const std::vector<int>& uses, NodeId id, NodeId x) {
    const auto shifted = shifted_at(graph, id);
    if (!shifted || shifted->by != 1.0 || uses[static_cast<std::size_t>(id)] != 1) return false;
    const auto* tanh = graph.as<Unary>(shifted->x);
    if (!tanh || tanh->kind != UnaryKind::kTanh) return false;
    double scale = 1;
    const NodeId sum = strip_scale(graph, uses, graph[shifted->x].inputs[0], scale);
    const auto* add = graph.as<Binary>(sum);
    if (!add || add->kind != BinaryKind::kAdd || !about(scale, kRootOfTwoOverPi)) return false;
    const auto& terms = graph[sum].inputs;
    return (terms[0] == x && is_cubic_term(graph, uses, terms[1], x)) ||
           (terms[1] == x && is_cubic_term(graph, uses, terms[0], x));
}

std::optional<Found> gelu_at(const Graph& graph, const std::vector<int>& uses, NodeId id) {
    const auto product = product_at(graph, uses, id);
    if (!product || product->leaves.size() != 2 || !about(product->scale, 0.5)) return std::nullopt;
    for (std::size_t side = 0; side < 2; ++side) {
        const NodeId x = product->leaves[side];
        if (doubled_cdf_of(graph, uses, product->leaves[1 - side]) == x) return Found{{UnaryKind::kGelu}, x};
        if (is_doubled_tanh_cdf(graph, uses, product->leaves[1 - side], x))
            return Found{{UnaryKind::kGeluTanh}, x};
    }
    return std::nullopt;
}

}  // namespace

Graph recognize_gelu(const Graph& graph, Change& change) { return replace_found(graph, change, gelu_at); }

}  // namespace espalier::passes
