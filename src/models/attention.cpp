#include "models/attention.h"

#include <cmath>

#include "base/error.h"

namespace espalier::models {

using namespace graph;

namespace {

/// [n, t, heads * d] -> [n, heads, t, d]
NodeId split(const Scope& scope, std::string_view name, NodeId x, std::int64_t heads) {
    const std::int64_t width = scope.type(x).shape.back();
    if (heads < 1 || width % heads != 0) fail("a width of {} does not divide into {} heads", width, heads);
    const NodeId parts = scope.add(Reshape{{0, 0, heads, width / heads}}, {x}, fmt::format("{}_split", name));
    return scope.add(Transpose{{0, 2, 1, 3}}, {parts}, fmt::format("{}_heads", name));
}

NodeId add_bias(const Scope& scope, NodeId scores, NodeId bias) {
    const Shape& added = scope.type(bias).shape;
    if (added.rank() == 3) return scope.add(Binary{BinaryKind::kAdd}, {scores, bias}, "biased");
    const Ints window{-1, added[0], added[1], added[2], added[3]};
    const NodeId windows = scope.add(Reshape{window}, {scores}, "windows");
    const NodeId sum = scope.add(Binary{BinaryKind::kAdd}, {windows, bias}, "biased");
    return scope.add(Reshape{{-1, added[1], added[2], added[3]}}, {sum}, "biased_scores");
}

}  // namespace

double inverse_root_depth(std::int64_t width, std::int64_t heads) {
    return 1 / std::sqrt(static_cast<double>(width) / static_cast<double>(heads));
}

NodeId attend(const Scope& scope, NodeId q, NodeId k, NodeId v, const Heads& heads) {
    const NodeId products = scope.add(
        MatMul{.transpose_b = true},
        {split(scope, "query", q, heads.heads), split(scope, "key", k, heads.heads)}, "products");
    NodeId scores = products;
    if (heads.scale != 1) {
        const NodeId factor = scope.scalar("scale", static_cast<float>(heads.scale));
        scores = scope.add(Binary{BinaryKind::kMul}, {products, factor}, "scores");
    }
    if (heads.bias != NodeId::kNone) scores = add_bias(scope, scores, heads.bias);
    const NodeId weights = scope.add(Softmax{.axis = -1}, {scores}, "softmax");
    const NodeId mixed = scope.add(MatMul{}, {weights, split(scope, "value", v, heads.heads)}, "mixed");
    const NodeId rows = scope.add(Transpose{{0, 2, 1, 3}}, {mixed}, "rows");
    return scope.add(Reshape{{0, 0, -1}}, {rows}, "joined");
}

}  // namespace espalier::models
