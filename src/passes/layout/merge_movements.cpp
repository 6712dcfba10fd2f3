#include <algorithm>
#include <numeric>

#include "passes/layout/layout.h"

namespace espalier::passes {

using namespace graph;

namespace {

bool is_identity(const Ints& perm) {
    for (std::size_t i = 0; i < perm.size(); ++i) {
        if (perm[i] != static_cast<std::int64_t>(i)) return false;
    }
    return true;
}

/// True when the axes longer than 1 keep their order, so that no element moves.
bool moves_nothing(const Ints& perm, const Shape& input) {
    std::int64_t last = -1;
    for (const auto axis : perm) {
        // The batch may grow, so its axis counts as long whatever it is here.
        if (input[static_cast<int>(axis)] == 1 && axis != 0) continue;
        if (axis < last) return false;
        last = axis;
    }
    return true;
}

/// The extents of `shape` as Reshape dims that follow the batch on axis 0.
Ints dims_of(const Shape& shape) {
    Ints dims = shape.extents();
    if (!dims.empty()) dims[0] = 0;
    return dims;
}

/// Emits what stands for transpose `perm` of new node `x`.
NodeId transpose_of(Graph& out, NodeId x, const Ints& perm, const std::string& name) {
    if (is_identity(perm)) return x;
    if (perm[0] == 0 && moves_nothing(perm, out.type(x).shape)) {
        const TensorType type = Transpose{perm}.infer(std::array{&out.type(x)});
        return out.add(Reshape{dims_of(type.shape)}, {x}, name);
    }
    return out.add(Transpose{perm}, {x}, name);
}

}  // namespace

Graph merge_movements(const Graph& graph, Change& change) {
    Rewriter rewriter(graph);
    Graph& out = rewriter.out();
    for (int i = 0; i < graph.size(); ++i) {
        const auto id = static_cast<NodeId>(i);
        const int before = out.size();
        NodeId now = NodeId::kNone;
        if (const auto* transpose = graph.as<Transpose>(id)) {
            NodeId x = rewriter[graph[id].inputs[0]];
            Ints perm = transpose->perm;
            if (const auto* inner = out.as<Transpose>(x)) {
                for (auto& axis : perm) axis = inner->perm[static_cast<std::size_t>(axis)];
                x = out[x].inputs[0];
            }
            now = transpose_of(out, x, perm, graph[id].name);
        } else if (const auto* reshape = graph.as<Reshape>(id)) {
            NodeId x = rewriter[graph[id].inputs[0]];
            const Shape& to = graph.type(id).shape;
            // Only a reshape that keeps the batch on axis 0 may be restated without its own dims.
            const auto keeps_batch = [&](const Shape& from) {
                return from.rank() > 0 && to.rank() > 0 && from[0] == to[0] && !reshape->dims.empty() &&
                       (reshape->dims[0] == 0 || reshape->dims[0] == -1);
            };
            if (out.as<Reshape>(x) && keeps_batch(out.type(out[x].inputs[0]).shape)) x = out[x].inputs[0];
            if (out.type(x).shape == to) {
                now = x;
            } else if (x != rewriter[graph[id].inputs[0]]) {
                now = out.add(Reshape{dims_of(to)}, {x}, graph[id].name);
            }
        }
        if (now == NodeId::kNone) {
            rewriter.keep(id);
            continue;
        }
        if (out.size() == before || !(out[now].op == graph[id].op)) ++change.count;
        rewriter.replace(id, now);
    }
    return rewriter.finish();
}

}  // namespace espalier::passes
