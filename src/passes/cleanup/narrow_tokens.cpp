#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

#include "passes/cleanup/cleanup.h"

namespace espalier::passes {

using namespace graph;

namespace {

/// Tokens [begin, end) of values [N, T, C].
struct Range {
    std::int64_t begin = 0;
    std::int64_t end = 0;
    bool operator==(const Range&) const = default;
};

/// All that there is of a value, whatever its shape.
Range whole(const TensorType& type) { return {0, type.shape.rank() == 3 ? type.shape[1] : 1}; }

/// Whether a value means the same for each token of `tokens`: one number, or one per feature.
bool repeats(const TensorType& type) {
    const Shape& shape = type.shape;
    return shape.rank() < 2 || (shape.rank() <= 3 && shape[shape.rank() - 2] == 1 && shape[0] == 1);
}

/// How many leading inputs of a node hold a token for each token of its result, where each token of the
/// result depends on no other of theirs; 0 where that cannot be said. A sum is such a node whichever of its
/// operands are tokens.
std::size_t inputs_by_token(const Graph& graph, NodeId id) {
    const Node& node = graph[id];
    if (node.type.shape.rank() != 3) return 0;
    if (graph.as<LayerNorm>(id) || graph.as<Unary>(id)) return 1;
    if (graph.as<Linear>(id)) return node.inputs.size() <= 3 ? 1 : 0;
    // Only the queries: each token still looks at all keys.
    if (graph.as<Attention>(id)) return node.inputs.size() == 3 ? 1 : 0;
    if (!graph.as<Binary>(id)) return 0;
    const bool fits = std::all_of(node.inputs.begin(), node.inputs.end(), [&](NodeId input) {
        return graph.type(input) == node.type || repeats(graph.type(input));
    });
    return fits ? 2 : 0;
}

/// Whether input `index` of a node that works token by token is one of tokens.
bool is_by_token(const Graph& graph, NodeId id, std::size_t index) {
    const TensorType& type = graph.type(graph[id].inputs[index]);
    return index < inputs_by_token(graph, id) && type.shape.rank() == 3 &&
           type.shape[1] == graph.type(id).shape[1] && !(graph.as<Binary>(id) && repeats(type));
}

/// The tokens that a slice takes; nothing where the node does something else.
std::optional<Range> sliced(const Graph& graph, NodeId id) {
    const auto* slice = graph.as<Slice>(id);
    const Shape& from = graph.type(graph[id].inputs.empty() ? id : graph[id].inputs[0]).shape;
    if (!slice || from.rank() != 3 || slice->step != 1 || (slice->axis != 1 && slice->axis != -2)) return {};
    const Pair range = slice->range(from[1]);
    return Range{range[0], range[0] + range[1]};
}

/// For each node the least range that holds all tokens of it that are read.
std::vector<std::optional<Range>> read_tokens(const Graph& graph) {
    std::vector<std::optional<Range>> read(static_cast<std::size_t>(graph.size()));
    const auto add = [&](NodeId id, Range range) {
        auto& known = read[static_cast<std::size_t>(id)];
        known = known ? Range{std::min(known->begin, range.begin), std::max(known->end, range.end)} : range;
    };
    add(graph.output(), whole(graph.type(graph.output())));
    for (int i = graph.size(); i-- > 0;) {
        const auto id = static_cast<NodeId>(i);
        const auto& own = read[static_cast<std::size_t>(i)];
        for (std::size_t j = 0; own && j < graph[id].inputs.size(); ++j) {
            const NodeId input = graph[id].inputs[j];
            if (input == NodeId::kNone) continue;
            const auto slice = sliced(graph, id);
            add(input, slice ? *slice : is_by_token(graph, id, j) ? *own : whole(graph.type(input)));
        }
    }
    return read;
}

/// Copies a graph with those nodes that work token by token reduced to the tokens that are read.
class Narrowing {
  public:
    explicit Narrowing(const Graph& graph) : graph_(graph), read_(read_tokens(graph)), rewriter_(graph) {}

    Graph run(Change& change) {
        for (int i = 0; i < graph_.size(); ++i) {
            const auto id = static_cast<NodeId>(i);
            if (const auto slice = sliced(graph_, id); slice && made(graph_[id].inputs[0]) != whole_of(id)) {
                rewriter_.replace(id, tokens(graph_[id].inputs[0], *slice));
            } else if (made(id) == whole(graph_.type(id))) {
                rewriter_.keep(id);
            } else {
                narrow(id);
                ++change.count;
            }
        }
        return rewriter_.finish();
    }

  private:
    Range whole_of(NodeId slice) const { return whole(graph_.type(graph_[slice].inputs[0])); }

    /// The tokens of a node that the new graph computes.
    Range made(NodeId id) const {
        const auto& read = read_[static_cast<std::size_t>(id)];
        return read && inputs_by_token(graph_, id) > 0 && read->begin < read->end ? *read
                                                                                  : whole(graph_.type(id));
    }

    /// The given tokens of an old node in the new graph.
    NodeId tokens(NodeId id, Range range) {
        const Range there = made(id);
        if (range == there) return rewriter_[id];
        NodeId& slice = slices_.try_emplace({id, range.begin, range.end}, NodeId::kNone).first->second;
        if (slice == NodeId::kNone) {
            const Slice op{.axis = 1, .begin = range.begin - there.begin, .end = range.end - there.begin};
            slice = rewriter_.out().add(op, {rewriter_[id]}, graph_[id].name + ".tokens");
        }
        return slice;
    }

    void narrow(NodeId id) {
        std::vector<NodeId> inputs;
        for (std::size_t j = 0; j < graph_[id].inputs.size(); ++j) {
            const NodeId input = graph_[id].inputs[j];
            inputs.push_back(is_by_token(graph_, id, j) ? tokens(input, made(id)) : rewriter_[input]);
        }
        rewriter_.replace(id, rewriter_.out().add(graph_[id].op, std::move(inputs), graph_[id].name));
    }

    const Graph& graph_;
    std::vector<std::optional<Range>> read_;
    Rewriter rewriter_;
    std::map<std::tuple<NodeId, std::int64_t, std::int64_t>, NodeId> slices_;
};

}  // namespace

Graph narrow_tokens(const Graph& graph, Change& change) { return Narrowing(graph).run(change); }

}  // namespace espalier::passes
