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

/// attend() of heads: q [n, h, t, d], k [n, h, s, d], v [n, h, s, e] -> [n, t, h * e].
NodeId attend_heads(const Scope& scope, NodeId q, NodeId k, NodeId v, const Heads& heads) {
    NodeId scores = scope.add(MatMul{.transpose_b = true}, {q, k}, "products");
    if (heads.scale != 1) {
        const NodeId factor = scope.scalar("scale", static_cast<float>(heads.scale));
        scores = scope.add(Binary{BinaryKind::kMul}, {scores, factor}, "scores");
    }
    if (heads.bias != NodeId::kNone) scores = add_bias(scope, scores, heads.bias);
    const NodeId weights = scope.add(Softmax{.axis = -1}, {scores}, "softmax");
    const NodeId mixed = scope.add(MatMul{}, {weights, v}, "mixed");
    const NodeId rows = scope.add(Transpose{{0, 2, 1, 3}}, {mixed}, "rows");
    return scope.add(Reshape{{0, 0, -1}}, {rows}, "joined");
}

}  // namespace

double inverse_root_depth(std::int64_t width, std::int64_t heads) {
    return 1 / std::sqrt(static_cast<double>(width) / static_cast<double>(heads));
}

NodeId attend(const Scope& scope, NodeId q, NodeId k, NodeId v, const Heads& heads) {
    const NodeId queries = split(scope, "query", q, heads.heads);
    const NodeId keys = split(scope, "key", k, heads.heads);
    return attend_heads(scope, queries, keys, split(scope, "value", v, heads.heads), heads);
}

NodeId attend_packed(const Scope& scope, NodeId qkv, const Heads& heads) {
    const Shape shape = scope.type(qkv).shape;
    const std::int64_t width = shape[2] / 3;
    if (heads.heads < 1 || width % heads.heads != 0 || shape[2] % 3 != 0) {
        fail("a width of {} does not divide into {} heads of queries, keys and values", shape[2],
             heads.heads);
    }
    const std::int64_t depth = width / heads.heads;
    const NodeId parts = scope.add(Reshape{{0, 0, 3, heads.heads, depth}}, {qkv}, "qkv_split");
    const NodeId sorted = scope.add(Transpose{{2, 0, 3, 1, 4}}, {parts}, "qkv_heads");
    const auto part = [&](std::int64_t index, const std::string& name) {
        const NodeId slice =
            scope.add(Slice{.axis = 0, .begin = index, .end = index + 1}, {sorted}, name + "_part");
        return scope.add(Reshape{{-1, heads.heads, shape[1], depth}}, {slice}, name + "_heads");
    };
    return attend_heads(scope, part(0, "query"), part(1, "key"), part(2, "value"), heads);
}

}  // namespace espalier::models
