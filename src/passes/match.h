#pragma once

#include <cmath>
#include <optional>

#include "graph/graph.h"

namespace espalier::passes {

/// The one element of a constant of one element; nothing for anything else.
inline std::optional<double> scalar_constant(const graph::Graph& graph, graph::NodeId id) {
    const Tensor* tensor = graph.constant(id);
    if (!tensor || tensor->dtype() != DType::kF32 || tensor->elements() != 1) return std::nullopt;
    const Tensor aligned = tensor->to_aligned();
    return aligned.span<float>()[0];
}

/// Input `index` of a node, or kNone when it has fewer.
inline graph::NodeId input_of(const graph::Graph& graph, graph::NodeId id, std::size_t index) {
    const auto& inputs = graph[id].inputs;
    return index < inputs.size() ? inputs[index] : graph::NodeId::kNone;
}

/// Follows operand `id` through multiplications and divisions by one-element constants, which it multiplies
/// into `scale`, and returns what is below them. Every stepped-over node must have no other use.
inline graph::NodeId strip_scale(const graph::Graph& graph, const std::vector<int>& uses, graph::NodeId id,
                                 double& scale) {
    using graph::BinaryKind;
    for (;;) {
        const auto* binary = graph.as<graph::Binary>(id);
        if (!binary || uses[static_cast<std::size_t>(id)] != 1) return id;
        const auto a = scalar_constant(graph, graph[id].inputs[0]);
        const auto b = scalar_constant(graph, graph[id].inputs[1]);
        if (binary->kind == BinaryKind::kMul && (a || b)) {
            scale *= a ? *a : *b;
            id = graph[id].inputs[a ? 1 : 0];
        } else if (binary->kind == BinaryKind::kDiv && b && *b != 0) {
            scale /= *b;
            id = graph[id].inputs[0];
        } else {
            return id;
        }
    }
}

}  // namespace espalier::passes
