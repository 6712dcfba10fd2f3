#include "passes/prune/channel_groups.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "base/error.h"
#include "passes/match.h"

namespace espalier::passes {

using namespace graph;

namespace {

using Role = ChannelSlot::Role;

struct Use {
    NodeId node;
    std::size_t input;
};

using Uses = std::vector<std::vector<Use>>;

Uses uses_of(const Graph& graph) {
    Uses uses(static_cast<std::size_t>(graph.size()));
    for (int i = 0; i < graph.size(); ++i) {
        const auto id = static_cast<NodeId>(i);
        for (std::size_t k = 0; k < graph[id].inputs.size(); ++k) {
            const NodeId input = graph[id].inputs[k];
            if (input != NodeId::kNone) uses[static_cast<std::size_t>(input)].push_back({id, k});
        }
    }
    return uses;
}

int channel_axis(Layout layout, int rank) { return layout == Layout::kNhwc ? rank - 1 : 1; }

/// Where axis `axis` of `from` is found in `to`, a reshape of it; -1 where it is cut up or joined with
/// others.
int kept_axis(const Shape& from, int axis, const Shape& to) {
    const std::int64_t before = from.product(0, axis);
    std::int64_t product = 1;
    for (int i = 0; i < to.rank() && product <= before; product *= to[i++]) {
        if (product == before && to[i] == from[axis]) return i;
    }
    return -1;
}

std::set<int> axes_of(const Reduce& reduce, int rank) {
    std::set<int> axes;
    for (const std::int64_t axis : reduce.axes) axes.insert(static_cast<int>(axis < 0 ? axis + rank : axis));
    return axes;
}

int positive(std::int64_t axis, int rank) { return static_cast<int>(axis < 0 ? axis + rank : axis); }

/// Follows the channels of one operation through a graph. Every step either proves itself safe or throws the
/// reason.
class Walk {
  public:
    struct Unsafe {
        std::string reason;
    };

    Walk(const Graph& graph, const Uses& uses) : graph_(graph), uses_(uses) {}

    /// Throws Unsafe.
    ChannelGroup from(NodeId maker) {
        group_.name = graph_[maker].name;
        group_.channels = graph_.type(graph_[maker].inputs[1]).shape[0];
        add_maker(maker);
        while (!work_.empty() || !waiting_.empty()) {
            if (work_.empty()) {
                settle_waiting();
                continue;
            }
            const NodeId value = work_.back();
            work_.pop_back();
            if (value == graph_.output()) throw Unsafe{"they are the logits"};
            for (const Use& use : uses_[static_cast<std::size_t>(value)]) {
                std::visit([&](const auto& op) { follow(op, use, axes_.at(value)); }, graph_[use.node].op);
            }
        }
        const bool read = std::any_of(group_.slots.begin(), group_.slots.end(),
                                      [](const ChannelSlot& slot) { return slot.role == Role::kReads; });
        if (!read) throw Unsafe{"nothing with weights reads them"};
        return group_;
    }

    /// True when the channels of `id` are made by weights that are known and may be cut.
    static bool makes_channels(const Graph& graph, NodeId id) {
        const auto* conv = graph.as<Conv2d>(id);
        if (!(conv && conv->groups == 1) && !graph.as<Linear>(id)) return false;
        const NodeId bias = input_of(graph, id, 2);
        return graph.constant(graph[id].inputs[1]) && (bias == NodeId::kNone || graph.constant(bias)) &&
               input_of(graph, id, 3) == NodeId::kNone;
    }

    const std::vector<NodeId>& makers() const { return makers_; }

  private:
    int rank(NodeId id) const { return graph_.type(id).shape.rank(); }

    void add_maker(NodeId id) {
        makers_.push_back(id);
        add_slot({id, 1, 0, Role::kMakes});
        if (input_of(graph_, id, 2) != NodeId::kNone) add_slot({id, 2, 0, Role::kMakes});
        const auto* conv = graph_.as<Conv2d>(id);
        track(id, conv ? channel_axis(conv->layout, rank(id)) : rank(id) - 1);
    }

    /// The channels lie along `axis` of `value`; its users are still to be visited.
    void track(NodeId value, int axis) {
        const auto [known, added] = axes_.emplace(value, axis);
        if (added) {
            work_.push_back(value);
        } else if (known->second != axis) {
            throw Unsafe{"they meet themselves along another axis"};
        }
    }

    void add_slot(const ChannelSlot& slot) {
        if (!graph_.constant(graph_[slot.node].inputs[slot.input])) {
            throw Unsafe{"an operand of theirs is computed at run time"};
        }
        // Weights may read the channels and make them again: a gate of themselves.
        if (slots_seen_.emplace(slot.node, slot.input, slot.axis).second) group_.slots.push_back(slot);
    }

    void follow(const Conv2d& op, const Use& use, int axis) {
        const Node& node = graph_[use.node];
        if (use.input == 3) throw Unsafe{"they go into a sum with another branch"};
        if (use.input != 0 || axis != channel_axis(op.layout, rank(node.inputs[0]))) {
            throw Unsafe{"a convolution moves over them"};
        }
        if (op.groups == 1) return add_slot({use.node, 1, 1, Role::kReads});
        const Shape& weights = graph_.type(node.inputs[1]).shape;
        if (op.groups != weights[0] || weights[1] != 1) throw Unsafe{"a grouped convolution reads them"};
        if (input_of(graph_, use.node, 3) != NodeId::kNone) {
            throw Unsafe{"they go into a sum with another branch"};
        }
        add_slot({use.node, 1, 0, Role::kFollows});
        if (input_of(graph_, use.node, 2) != NodeId::kNone) add_slot({use.node, 2, 0, Role::kFollows});
        group_.depthwise.push_back(use.node);
        track(use.node, axis);
    }
    void follow(const Linear&, const Use& use, int axis) {
        if (use.input == 3) throw Unsafe{"they go into a sum with another branch"};
        if (use.input != 0) throw Unsafe{"they are the weights of another operation"};
        if (axis == rank(graph_[use.node].inputs[0]) - 1) return add_slot({use.node, 1, 1, Role::kReads});
        if (input_of(graph_, use.node, 3) != NodeId::kNone) {
            throw Unsafe{"they go into a sum with another branch"};
        }
        track(use.node, axis);
    }
    void follow(const BatchNorm& op, const Use& use, int axis) {
        if (use.input != 0 || axis != channel_axis(op.layout, rank(use.node))) {
            throw Unsafe{"batch normalization mixes them"};
        }
        for (std::size_t k = 1; k <= 4; ++k) add_slot({use.node, k, 0, Role::kFollows});
        track(use.node, axis);
    }
    void follow(const LayerNorm&, const Use& use, int axis) {
        if (use.input != 0 || axis == rank(use.node) - 1) throw Unsafe{"they are normalized together"};
        track(use.node, axis);
    }
    void follow(const GroupNorm&, const Use&, int) { throw Unsafe{"they are normalized together"}; }
    void follow(const Softmax& op, const Use& use, int axis) {
        if (positive(op.axis, rank(use.node)) == axis) throw Unsafe{"they are normalized together"};
        track(use.node, axis);
    }
    void follow(const Unary&, const Use& use, int axis) { track(use.node, axis); }

    void follow(const Binary&, const Use& use, int axis) {
        const Node& node = graph_[use.node];
        const NodeId other = node.inputs[1 - use.input];
        const int after = axis + rank(use.node) - rank(node.inputs[use.input]);
        const int across = axis + rank(other) - rank(node.inputs[use.input]);
        const bool alike = across >= 0 && graph_.type(other).shape[across] == group_.channels;
        if (alike && graph_.constant(other)) {
            add_slot({use.node, 1 - use.input, across, Role::kFollows});
        } else if (alike && !axes_.contains(other)) {
            // The other operand may be reached later, on another way from the same channels.
            waiting_.push_back(use);
            return;
        } else if (alike && axes_.at(other) != across) {
            throw Unsafe{"they meet themselves along another axis"};
        }
        track(use.node, after);
    }

    /// What is left when no other way leads on: operands that do not come from the channels.
    void settle_waiting() {
        const Use use = waiting_.back();
        waiting_.pop_back();
        const Node& node = graph_[use.node];
        const NodeId other = node.inputs[1 - use.input];
        const int axis = axes_.at(node.inputs[use.input]);
        if (!axes_.contains(other)) {
            const auto kind = std::get<Binary>(node.op).kind;
            if (kind != BinaryKind::kMul) throw Unsafe{"they go into a sum with another branch"};
            pull(other, axis + rank(other) - rank(node.inputs[use.input]));
            if (!pulled_.insert(use.node).second) throw Unsafe{"they are multiplied by another branch"};
            waiting_.push_back(use);
            return;
        }
        track(use.node, axis + rank(use.node) - rank(node.inputs[use.input]));
    }

    /// Takes the weights that make a gate into the group: walks up from `value`, whose channels lie along
    /// `axis`, to where they are made.
    void pull(NodeId value, int axis) {
        for (;;) {
            if (makes_channels(graph_, value) && axis == made_axis(value)) {
                if (std::find(makers_.begin(), makers_.end(), value) == makers_.end()) add_maker(value);
                return;
            }
            const Node& node = graph_[value];
            if (const auto* conv = std::get_if<Conv2d>(&node.op)) {
                const Shape& weights = graph_.type(node.inputs[1]).shape;
                if (conv->groups != weights[0] || weights[1] != 1 ||
                    axis != channel_axis(conv->layout, rank(value))) {
                    break;
                }
            } else if (std::holds_alternative<Reshape>(node.op)) {
                axis = kept_axis(node.type.shape, axis, graph_.type(node.inputs[0]).shape);
                if (axis < 0) break;
            } else if (const auto* transpose = std::get_if<Transpose>(&node.op)) {
                axis = static_cast<int>(transpose->perm[static_cast<std::size_t>(axis)]);
            } else if (std::holds_alternative<Binary>(node.op)) {
                const std::size_t fixed = graph_.constant(node.inputs[0]) ? 0 : 1;
                if (!graph_.constant(node.inputs[fixed])) break;
                axis -= rank(value) - rank(node.inputs[1 - fixed]);
                if (axis < 0) break;
                value = node.inputs[1 - fixed];
                continue;
            } else if (const auto* norm = std::get_if<BatchNorm>(&node.op)) {
                if (axis != channel_axis(norm->layout, rank(value))) break;
            } else if (!std::holds_alternative<Unary>(node.op)) {
                break;
            }
            value = node.inputs[0];
        }
        throw Unsafe{"they are multiplied by another branch"};
    }

    int made_axis(NodeId id) const {
        const auto* conv = graph_.as<Conv2d>(id);
        return conv ? channel_axis(conv->layout, rank(id)) : rank(id) - 1;
    }

    void follow(const Pool2d& op, const Use& use, int axis) {
        if (axis != channel_axis(op.layout, rank(use.node))) throw Unsafe{"they are pooled"};
        track(use.node, axis);
    }
    void follow(const Reduce& op, const Use& use, int axis) {
        const auto axes = axes_of(op, rank(graph_[use.node].inputs[0]));
        if (axes.contains(axis)) throw Unsafe{"they are reduced to one"};
        const auto gone = std::distance(axes.begin(), axes.lower_bound(axis));
        track(use.node, op.keep_axes ? axis : axis - static_cast<int>(gone));
    }
    void follow(const Reshape& op, const Use& use, int axis) {
        const int kept =
            kept_axis(graph_.type(graph_[use.node].inputs[0]).shape, axis, graph_.type(use.node).shape);
        if (kept < 0) throw Unsafe{"a reshape mixes them"};
        const auto entry = static_cast<std::size_t>(kept);
        // An entry of 0 keeps the extent of the input's axis of that number: of the channels' here, and only
        // here.
        const bool keeps_axis =
            axis < static_cast<int>(op.dims.size()) && op.dims[static_cast<std::size_t>(axis)] == 0;
        if ((op.dims[entry] == 0 || keeps_axis) && kept != axis) throw Unsafe{"a reshape mixes them"};
        if (op.dims[entry] > 0) group_.stated.push_back({use.node, entry});
        track(use.node, kept);
    }
    void follow(const Transpose& op, const Use& use, int axis) {
        const auto at = std::find(op.perm.begin(), op.perm.end(), axis);
        track(use.node, static_cast<int>(at - op.perm.begin()));
    }
    void follow(const Slice& op, const Use& use, int axis) {
        if (positive(op.axis, rank(use.node)) == axis) throw Unsafe{"they are cut into parts"};
        track(use.node, axis);
    }
    void follow(const Pad& op, const Use& use, int axis) {
        const auto at = static_cast<std::size_t>(axis);
        if (op.before[at] != 0 || op.after[at] != 0) throw Unsafe{"they are padded"};
        track(use.node, axis);
    }
    void follow(const Gather& op, const Use& use, int axis) {
        if (positive(op.axis, rank(use.node)) == axis) throw Unsafe{"they are picked by number"};
        track(use.node, axis);
    }
    void follow(const Concat&, const Use&, int) { throw Unsafe{"they are concatenated with others"}; }
    void follow(const BroadcastBatch&, const Use& use, int axis) {
        if (use.input == 0) track(use.node, axis);
    }
    void follow(const MatMul&, const Use&, int) { throw Unsafe{"attention or a matrix product mixes them"}; }
    void follow(const Attention&, const Use&, int) {
        throw Unsafe{"attention or a matrix product mixes them"};
    }
    template <typename Other>
    void follow(const Other&, const Use&, int) {
        throw Unsafe{fmt::format("{} reads them", Other::kName)};
    }

    const Graph& graph_;
    const Uses& uses_;
    ChannelGroup group_;
    std::vector<NodeId> makers_;
    std::map<NodeId, int> axes_;
    std::vector<NodeId> work_;
    std::vector<Use> waiting_;
    std::set<NodeId> pulled_;
    std::set<std::tuple<NodeId, std::size_t, int>> slots_seen_;
};

}  // namespace

ChannelGroups find_channel_groups(const Graph& graph) {
    const Uses uses = uses_of(graph);
    ChannelGroups found;
    std::set<NodeId> grouped;
    for (int i = 0; i < graph.size(); ++i) {
        const auto id = static_cast<NodeId>(i);
        if (!Walk::makes_channels(graph, id) || grouped.contains(id)) continue;
        try {
            Walk walk(graph, uses);
            ChannelGroup group = walk.from(id);
            grouped.insert(walk.makers().begin(), walk.makers().end());
            found.groups.push_back(std::move(group));
        } catch (const Walk::Unsafe& unsafe) {
            found.whole.push_back({graph[id].name, unsafe.reason});
        }
    }
    return found;
}

}  // namespace espalier::passes
