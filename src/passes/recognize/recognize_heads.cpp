#include "passes/movement_view.h"
#include "passes/recognize/recognize.h"

namespace espalier::passes {

using namespace graph;

namespace {

const Ints kTokensFirst{1, 0, 2};

/// Heads of width `width` of a value [N, T, W]: those that begin at column `first`, as [N, heads, T, width],
/// or [N, heads, width, T] when transposed.
struct Heads {
    NodeId source;
    std::int64_t tokens, heads, width, first;
    bool transposed;
};

/// A view as heads. Its strides tell, at a batch of more than one: only images lie T * W elements apart.
std::optional<Heads> heads_of(const Graph& graph, const MovementView& view) {
    const Shape& source = graph.type(view.source).shape;
    const auto& axes = view.axes;
    if (source.rank() != 3 || axes.size() != 4 || axes[0] != ViewAxis{source[0], source[1] * source[2]})
        return {};
    const bool transposed = axes[2].stride == 1 && axes[3].stride == source[2];
    const ViewAxis& tokens = axes[transposed ? 3 : 2];
    const ViewAxis& width = axes[transposed ? 2 : 3];
    if (tokens != ViewAxis{source[1], source[2]} || width.stride != 1 || axes[1].stride != width.extent)
        return {};
    return Heads{view.source, tokens.extent, axes[1].extent, width.extent, view.offset, transposed};
}

class RecognizeHeads {
  public:
    RecognizeHeads(const Graph& graph, Change& change)
        : graph_(graph),
          batched_(with_batch(graph, 2)),
          rewriter_(graph),
          uses_(graph.use_counts()),
          change_(change) {}

    Graph run() {
        const std::vector<bool> ends = ends_of_chains();
        for (int i = 0; i < graph_.size(); ++i) {
            const auto id = static_cast<NodeId>(i);
            const bool done = (ends[static_cast<std::size_t>(i)] && split(id)) || join(id);
            if (!done) rewriter_.keep(id);
        }
        return rewriter_.finish();
    }

  private:
    /// Movements that something other than a movement reads.
    std::vector<bool> ends_of_chains() const {
        std::vector<bool> ends(static_cast<std::size_t>(graph_.size()), false);
        for (int i = 0; i < graph_.size(); ++i) {
            const Node& node = graph_[static_cast<NodeId>(i)];
            if (is_movement(node.op)) continue;
            for (const NodeId input : node.inputs) {
                if (input != NodeId::kNone && is_movement(graph_[input].op))
                    ends[static_cast<std::size_t>(input)] = true;
            }
        }
        return ends;
    }

    /// One Reshape and one Transpose is the short form already; a Slice between them is that of packed heads.
    bool is_short(NodeId id) const {
        const NodeId input = graph_[id].inputs[0];
        if (graph_.as<Transpose>(id))
            return graph_.as<Reshape>(input) && !is_movement(graph_[graph_[input].inputs[0]].op);
        const NodeId transpose = graph_.as<Slice>(input) ? graph_[input].inputs[0] : input;
        if (!graph_.as<Transpose>(transpose)) return false;
        const NodeId reshape = graph_[transpose].inputs[0];
        return graph_.as<Reshape>(reshape) && !is_movement(graph_[graph_[reshape].inputs[0]].op);
    }

    NodeId add(const Op& op, NodeId x, NodeId named) {
        return rewriter_.out().add(op, {x}, graph_[named].name);
    }

    bool split(NodeId id) {
        if (graph_.type(id).shape.rank() != 4 || is_short(id)) return false;
        const auto view = movement_view(batched_, id);
        const auto found = view ? heads_of(batched_, *view) : std::nullopt;
        if (!found) return false;
        const std::int64_t columns = found->heads * found->width;
        const std::int64_t parts = graph_.type(found->source).shape[2] / columns;
        const bool whole =
            parts * columns == graph_.type(found->source).shape[2] && found->first % columns == 0;
        if (!whole || (parts != 1 && parts != 3)) return false;
        NodeId x = rewriter_[found->source];
        if (parts == 1) {
            x = add(Reshape{{0, found->tokens, found->heads, found->width}}, x, id);
            x = add(Transpose{found->transposed ? Ints{0, 2, 3, 1} : Ints{0, 2, 1, 3}}, x, id);
        } else {
            const std::int64_t part = found->first / columns;
            x = add(Reshape{{0, found->tokens, 3, found->heads, found->width}}, x, id);
            x = add(Transpose{{2, 0, 3, 1, 4}}, x, id);
            x = add(Slice{0, part, part + 1, 1}, x, id);
            x = add(Reshape{{-1, found->heads, found->tokens, found->width}}, x, id);
            if (found->transposed) x = add(Transpose{{0, 1, 3, 2}}, x, id);
        }
        rewriter_.replace(id, x);
        ++change_.count;
        return true;
    }

    /// The only reader's input of that op, else kNone.
    template <typename O>
    NodeId only(NodeId id) const {
        const bool found = graph_.as<O>(id) && uses_[static_cast<std::size_t>(id)] == 1;
        return found ? graph_[id].inputs[0] : NodeId::kNone;
    }

    /// transpose(reshape(linear(reshape(transpose(y [N, h, T, d], [2, 0, 1, 3]), [T N, h d])), [T, N, D]),
    /// [1, 0, 2])
    bool join(NodeId id) {
        const auto* back = graph_.as<Transpose>(id);
        if (!back || back->perm != kTokensFirst) return false;
        const NodeId rows = graph_[id].inputs[0];
        const NodeId linear = only<Reshape>(rows);
        const NodeId flat = linear == NodeId::kNone ? linear : only<Linear>(linear);
        const NodeId turned = flat == NodeId::kNone ? flat : only<Reshape>(flat);
        const auto* turn = turned == NodeId::kNone ? nullptr : graph_.as<Transpose>(turned);
        if (!turn || turn->perm != Ints{2, 0, 1, 3} || graph_[linear].inputs.size() > 3) return false;
        const NodeId y = graph_[turned].inputs[0];
        const Shape& heads = batched_.type(y).shape;
        const std::int64_t width = heads[1] * heads[3];
        const Shape& out = batched_.type(id).shape;
        if (!(batched_.type(flat).shape == Shape{heads[2] * heads[0], width})) return false;
        if (!(out == Shape{heads[0], heads[2], batched_.type(linear).shape[1]})) return false;
        NodeId x = add(Transpose{{0, 2, 1, 3}}, rewriter_[y], turned);
        x = add(Reshape{{0, heads[2], width}}, x, flat);
        std::vector<NodeId> inputs{x};
        for (std::size_t i = 1; i < graph_[linear].inputs.size(); ++i)
            inputs.push_back(rewriter_[graph_[linear].inputs[i]]);
        rewriter_.replace(id, rewriter_.out().add(graph_[linear].op, std::move(inputs), graph_[linear].name));
        ++change_.count;
        return true;
    }

    const Graph& graph_;
    const Graph batched_;
    Rewriter rewriter_;
    std::vector<int> uses_;
    Change& change_;
};

}  // namespace

Graph sink_tokens_first(const Graph& graph, Change& change) {
    Rewriter rewriter(graph);
    for (int i = 0; i < graph.size(); ++i) {
        const auto id = static_cast<NodeId>(i);
        const NodeId x = graph.as<Linear>(id) ? graph[id].inputs[0] : NodeId::kNone;
        const auto* transpose = x == NodeId::kNone ? nullptr : graph.as<Transpose>(x);
        if (!transpose || transpose->perm != kTokensFirst || graph[id].inputs.size() > 3) {
            rewriter.keep(id);
            continue;
        }
        std::vector<NodeId> inputs{rewriter[graph[x].inputs[0]]};
        for (std::size_t k = 1; k < graph[id].inputs.size(); ++k)
            inputs.push_back(rewriter[graph[id].inputs[k]]);
        const NodeId product = rewriter.out().add(graph[id].op, std::move(inputs), graph[id].name);
        rewriter.replace(id, rewriter.out().add(*transpose, {product}, graph[x].name));
        ++change.count;
    }
    return rewriter.finish();
}

Graph recognize_heads(const Graph& graph, Change& change) { return RecognizeHeads(graph, change).run(); }

}  // namespace espalier::passes
