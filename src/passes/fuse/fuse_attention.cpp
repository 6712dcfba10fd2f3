#include <optional>

#include "passes/fuse/fuse.h"
#include "passes/match.h"

namespace espalier::passes {

using namespace graph;

namespace {

/// A tensor [N, heads, T, d] recognised as heads of a matrix [N, T, width]: the matrix (or its heads [N, T,
/// heads, d]), and which third of its columns when it holds q, k and v side by side.
struct Heads {
    NodeId source = NodeId::kNone;
    int part = -1;  ///< 0, 1, 2 of a packed source; -1 when the source is this operand alone
    std::int64_t heads = 0;
    bool transposed = false;  ///< the operand is [N, heads, d, T]
};

/// Whether `id` swaps axes 1 and 2 of four, as a reshape does where one of them has an extent of 1:
/// merge_movements makes it that for a single head.
bool swaps_heads(const Graph& graph, NodeId id) {
    if (const auto* transpose = graph.as<Transpose>(id)) return transpose->perm == Ints{0, 2, 1, 3};
    if (!graph.as<Reshape>(id)) return false;
    const Shape& from = graph.type(graph[id].inputs[0]).shape;
    return from.rank() == 4 && (from[1] == 1 || from[2] == 1) &&
           graph.type(id).shape == Shape{from[0], from[2], from[1], from[3]};
}

/// reshape [N, T, D] -> [N, T, h, d], then transpose to [N, h, T, d] or [N, h, d, T].
std::optional<Heads> plain_heads(const Graph& graph, NodeId id) {
    const auto* transpose = graph.as<Transpose>(id);
    const bool swapped = swaps_heads(graph, id);
    if (!swapped && !(transpose && transpose->perm == Ints{0, 2, 3, 1})) return {};
    const NodeId reshape = graph[id].inputs[0];
    if (!graph.as<Reshape>(reshape)) return {};
    const NodeId source = graph[reshape].inputs[0];
    const Shape& split = graph.type(reshape).shape;
    const Shape& whole = graph.type(source).shape;
    if (whole.rank() != 3 || whole[0] != split[0] || whole[1] != split[1]) return {};
    return Heads{source, -1, split[2], !swapped};
}

/// reshape [N, T, 3*D] -> [N, T, 3, h, d], transpose to [3, N, h, T, d], one slice of axis 0, reshape to
/// rank 4.
std::optional<Heads> packed_heads(const Graph& graph, NodeId id) {
    if (!graph.as<Reshape>(id) || graph.type(id).shape.rank() != 4) return {};
    const NodeId slice_id = graph[id].inputs[0];
    const auto* slice = graph.as<Slice>(slice_id);
    if (!slice || slice->axis != 0 || graph.type(slice_id).shape.rank() != 5) return {};
    const NodeId transpose_id = graph[slice_id].inputs[0];
    const auto* transpose = graph.as<Transpose>(transpose_id);
    if (!transpose || transpose->perm != Ints{2, 0, 3, 1, 4}) return {};
    const NodeId reshape = graph[transpose_id].inputs[0];
    if (!graph.as<Reshape>(reshape)) return {};
    const NodeId source = graph[reshape].inputs[0];
    const Shape& split = graph.type(reshape).shape;
    const Shape& whole = graph.type(source).shape;
    const Pair range = slice->range(3);
    if (whole.rank() != 3 || split[2] != 3 || whole[1] != split[1] || range[1] != 1) return {};
    return Heads{source, static_cast<int>(range[0]), split[3], false};
}

/// transpose to [N, h, T, d] or [N, h, d, T] of heads [N, T, h, d] that were worked on, normalized for
/// example.
std::optional<Heads> split_heads(const Graph& graph, NodeId id) {
    const auto* transpose = graph.as<Transpose>(id);
    if (!transpose || (transpose->perm != Ints{0, 2, 1, 3} && transpose->perm != Ints{0, 2, 3, 1})) return {};
    const NodeId source = graph[id].inputs[0];
    return Heads{source, -1, graph.type(source).shape[2], transpose->perm == Ints{0, 2, 3, 1}};
}

std::optional<Heads> heads_of(const Graph& graph, NodeId id) {
    if (const auto plain = plain_heads(graph, id)) return plain;
    if (const auto packed = packed_heads(graph, id)) return packed;
    return split_heads(graph, id);
}

/// The heads side by side, [N, T, width].
NodeId joined_heads(Rewriter& rewriter, const Heads& heads) {
    const NodeId source = rewriter[heads.source];
    if (rewriter.out().type(source).shape.rank() == 3) return source;
    return rewriter.out().add(Reshape{{0, 0, -1}}, {source}, rewriter.from()[heads.source].name + ".joined");
}

/// The right operand of q k^T: heads transposed by the product itself or by a node in front of it.
std::optional<Heads> keys_of(const Graph& graph, NodeId id, bool transpose_b) {
    if (const auto* transpose = graph.as<Transpose>(id);
        transpose && !transpose_b && transpose->perm == Ints{0, 1, 3, 2}) {
        const auto heads = heads_of(graph, graph[id].inputs[0]);
        return heads && !heads->transposed ? heads : std::nullopt;
    }
    const auto heads = heads_of(graph, id);
    return heads && heads->transposed != transpose_b ? heads : std::nullopt;
}

/// A bias that is added to the scores: the constant as the op wants it, [heads, T, S] or [windows, heads, T,
/// S].
struct Bias {
    NodeId constant = NodeId::kNone;
    Shape shape;
};

/// The constant operand of an addition with no other use, and the other operand.
struct Addition {
    NodeId other = NodeId::kNone;
    NodeId constant = NodeId::kNone;
};

std::optional<Addition> constant_addition(const Graph& graph, const std::vector<int>& uses, NodeId id) {
    const auto* binary = graph.as<Binary>(id);
    if (!binary || binary->kind != BinaryKind::kAdd || uses[static_cast<std::size_t>(id)] != 1) return {};
    const auto& inputs = graph[id].inputs;
    if (graph.constant(inputs[1])) return Addition{inputs[0], inputs[1]};
    if (graph.constant(inputs[0])) return Addition{inputs[1], inputs[0]};
    return {};
}

/// scores [N, h, T, S] + bias [h, T, S] or [1, h, T, S].
std::optional<Addition> plain_bias(const Graph& graph, const std::vector<int>& uses, NodeId id, Bias& bias) {
    const auto sum = constant_addition(graph, uses, id);
    if (!sum || graph.type(sum->other).shape.rank() != 4) return {};
    const Shape& scores = graph.type(sum->other).shape;
    const Shape& added = graph.type(sum->constant).shape;
    const Shape one{scores[1], scores[2], scores[3]};
    if (!(added == one) && !(added == Shape{1, one[0], one[1], one[2]})) return {};
    bias = {sum->constant, one};
    return sum;
}

/// reshape(reshape(scores, [N, W, h, T, S]) + bias [1, W, h, T, S], [N * W, h, T, S]).
std::optional<Addition> window_bias(const Graph& graph, const std::vector<int>& uses, NodeId id, Bias& bias) {
    if (!graph.as<Reshape>(id) || uses[static_cast<std::size_t>(id)] != 1) return {};
    const auto sum = constant_addition(graph, uses, graph[id].inputs[0]);
    if (!sum || !graph.as<Reshape>(sum->other) || uses[static_cast<std::size_t>(sum->other)] != 1) return {};
    const NodeId scores = graph[sum->other].inputs[0];
    const Shape& split = graph.type(sum->other).shape;
    const Shape& added = graph.type(sum->constant).shape;
    if (split.rank() != 5 || !(graph.type(scores).shape == graph.type(id).shape)) return {};
    const Shape windows{split[1], split[2], split[3], split[4]};
    const Shape& whole = graph.type(scores).shape;
    if (whole.rank() != 4 || whole[1] != split[2] || whole[2] != split[3] || whole[3] != split[4]) return {};
    if (!(added == windows) && !(added == Shape{1, windows[0], windows[1], windows[2], windows[3]}))
        return {};
    bias = {sum->constant, windows};
    return Addition{scores, sum->constant};
}

/// Steps over what is added to the scores, if anything.
NodeId strip_bias(const Graph& graph, const std::vector<int>& uses, NodeId id, Bias& bias) {
    if (const auto sum = plain_bias(graph, uses, id, bias)) return sum->other;
    if (const auto sum = window_bias(graph, uses, id, bias)) return sum->other;
    return id;
}

struct Match {
    Heads q, k, v;
    double scale = 1;
    Bias bias;
};

/// The product of probabilities and values whose heads are joined at `id`: behind a transposition, unless
/// there is a single head and merge_movements has left the reshape alone; kNone where it is neither.
NodeId weighted_values(const Graph& graph, NodeId id) {
    const NodeId joined = graph[id].inputs[0];
    if (swaps_heads(graph, joined)) return graph[joined].inputs[0];
    const Shape& shape = graph.type(joined).shape;
    return shape.rank() == 4 && shape[1] == 1 ? joined : NodeId::kNone;
}

/// Matches the attention whose heads are joined again at `id`.
std::optional<Match> match(const Graph& graph, const std::vector<int>& uses, NodeId id) {
    const auto once = [&](NodeId node) { return uses[static_cast<std::size_t>(node)] == 1; };
    if (!graph.as<Reshape>(id) || graph.type(id).shape.rank() != 3) return {};
    const NodeId weighted = weighted_values(graph, id);
    if (weighted == NodeId::kNone || !once(graph[id].inputs[0])) return {};
    const auto* product = graph.as<MatMul>(weighted);
    if (!product || product->transpose_b || !once(weighted)) return {};
    const NodeId probabilities = graph[weighted].inputs[0];
    const auto* softmax = graph.as<Softmax>(probabilities);
    if (!softmax || softmax->log || !once(probabilities) || (softmax->axis != -1 && softmax->axis != 3))
        return {};
    Match found;
    const NodeId biased = strip_bias(graph, uses, graph[probabilities].inputs[0], found.bias);
    const NodeId scores = strip_scale(graph, uses, biased, found.scale);
    const auto* similarity = graph.as<MatMul>(scores);
    if (!similarity || !once(scores)) return {};
    const auto q = heads_of(graph, strip_scale(graph, uses, graph[scores].inputs[0], found.scale));
    const auto k = keys_of(graph, strip_scale(graph, uses, graph[scores].inputs[1], found.scale),
                           similarity->transpose_b);
    const auto v = heads_of(graph, graph[weighted].inputs[1]);
    if (!q || !k || !v || q->transposed || v->transposed) return {};
    if (q->heads != k->heads || q->heads != v->heads) return {};
    const Shape& out = graph.type(id).shape;
    const Shape& rows = graph.type(weighted).shape;
    if (out[0] != rows[0] || out[1] != rows[2]) return {};
    found.q = *q;
    found.k = *k;
    found.v = *v;
    return found;
}

}  // namespace

Graph fuse_attention(const Graph& graph, Change& change) {
    Rewriter rewriter(graph);
    const auto uses = graph.use_counts();
    for (int i = 0; i < graph.size(); ++i) {
        const auto id = static_cast<NodeId>(i);
        const auto found = match(graph, uses, id);
        if (!found) {
            rewriter.keep(id);
            continue;
        }
        const Attention attention{.heads = found->q.heads, .scale = found->scale};
        std::vector<NodeId> inputs;
        const bool biased = found->bias.constant != NodeId::kNone;
        if (found->q.part == 0 && found->k.part == 1 && found->v.part == 2 &&
            found->q.source == found->k.source && found->q.source == found->v.source) {
            inputs = {rewriter[found->q.source]};
            if (biased) inputs.insert(inputs.end(), 2, NodeId::kNone);
        } else if (found->q.part < 0 && found->k.part < 0 && found->v.part < 0) {
            for (const Heads& heads : {found->q, found->k, found->v})
                inputs.push_back(joined_heads(rewriter, heads));
        } else {
            rewriter.keep(id);
            continue;
        }
        if (biased) {
            const Node& constant = graph[found->bias.constant];
            inputs.push_back(
                rewriter.out().add_constant(constant.name, constant.value.reshaped(found->bias.shape)));
        }
        rewriter.replace(id, rewriter.out().add(attention, std::move(inputs), graph[id].name));
        ++change.count;
    }
    return rewriter.finish();
}

}  // namespace espalier::passes
