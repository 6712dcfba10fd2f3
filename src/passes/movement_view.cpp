#include "passes/movement_view.h"

namespace espalier::passes {

using namespace graph;

namespace {

/// An axis as axes of the source, the outermost first: a Reshape may join some that have no common stride.
using Factors = std::vector<ViewAxis>;

/// Exporters write a handful of movements behind each other.
constexpr std::size_t kMostNodes = 16;

std::vector<Factors> dense(const Shape& shape) {
    std::vector<Factors> axes(static_cast<std::size_t>(shape.rank()));
    std::int64_t stride = 1;
    for (int axis = shape.rank(); axis-- > 0;) {
        axes[static_cast<std::size_t>(axis)] = {{shape[axis], stride}};
        stride *= shape[axis];
    }
    return axes;
}

/// All factors without those of one element, and with those joined that lie one within the other.
Factors merged(const Factors& factors) {
    Factors result;
    for (const ViewAxis& factor : factors) {
        if (factor.extent == 1) continue;
        if (!result.empty() && result.back().stride == factor.stride * factor.extent) {
            result.back() = {result.back().extent * factor.extent, factor.stride};
        } else {
            result.push_back(factor);
        }
    }
    return result;
}

/// Cuts the innermost factors of that many elements off; nothing where a cut would go through one unevenly.
std::optional<Factors> cut_off(Factors& from, std::int64_t elements) {
    Factors result;
    while (elements > 1) {
        if (from.empty()) return std::nullopt;
        ViewAxis& inner = from.back();
        if (elements % inner.extent == 0) {
            elements /= inner.extent;
            result.insert(result.begin(), inner);
            from.pop_back();
        } else if (inner.extent % elements == 0) {
            result.insert(result.begin(), {elements, inner.stride});
            inner = {inner.extent / elements, inner.stride * elements};
            elements = 1;
        } else {
            return std::nullopt;
        }
    }
    return elements == 1 ? std::optional(result) : std::nullopt;
}

bool reshape(std::vector<Factors>& axes, const Shape& to) {
    Factors all;
    for (const Factors& axis : axes) all.insert(all.end(), axis.begin(), axis.end());
    all = merged(all);
    axes.assign(static_cast<std::size_t>(to.rank()), {});
    for (int axis = to.rank(); axis-- > 0;) {
        const auto part = cut_off(all, to[axis]);
        if (!part) return false;
        axes[static_cast<std::size_t>(axis)] = *part;
    }
    return all.empty();
}

/// Takes a part of an axis that has one stride.
bool slice(Factors& axis, const Slice& op, std::int64_t& offset) {
    axis = merged(axis);
    if (axis.size() != 1) return false;
    const Pair range = op.range(axis[0].extent);
    offset += range[0] * axis[0].stride;
    axis[0] = {range[1], axis[0].stride * op.step};
    return true;
}

bool apply(const Graph& graph, NodeId id, std::vector<Factors>& axes, std::int64_t& offset) {
    if (const auto* transpose = graph.as<Transpose>(id)) {
        const auto from = axes;
        for (std::size_t i = 0; i < from.size(); ++i)
            axes[i] = from[static_cast<std::size_t>(transpose->perm[i])];
        return true;
    }
    if (const auto* op = graph.as<Slice>(id)) {
        const auto rank = static_cast<std::int64_t>(axes.size());
        return slice(axes[static_cast<std::size_t>(op->axis < 0 ? op->axis + rank : op->axis)], *op, offset);
    }
    return reshape(axes, graph.type(id).shape);
}

}  // namespace

bool is_movement(const Op& op) {
    return std::holds_alternative<Reshape>(op) || std::holds_alternative<Transpose>(op) ||
           std::holds_alternative<Slice>(op);
}

std::optional<MovementView> movement_view(const Graph& graph, NodeId id) {
    std::vector<NodeId> chain;
    for (; is_movement(graph[id].op); id = graph[id].inputs[0]) {
        if (chain.size() == kMostNodes) return std::nullopt;
        chain.push_back(id);
    }
    if (chain.empty()) return std::nullopt;
    MovementView view{id, 0, {}};
    std::vector<Factors> axes = dense(graph.type(id).shape);
    for (auto node = chain.rbegin(); node != chain.rend(); ++node) {
        if (!apply(graph, *node, axes, view.offset)) return std::nullopt;
    }
    for (const Factors& axis : axes) {
        const Factors one = merged(axis);
        if (one.size() > 1) return std::nullopt;
        view.axes.push_back(one.empty() ? ViewAxis{1, 0} : one[0]);
    }
    return view;
}

}  // namespace espalier::passes
