#include "graph/cost.h"

#include <algorithm>
#include <set>

#include "graph/graph.h"

namespace espalier::graph {
namespace {

template <typename O>
concept Costed = requires(const O& op, InputTypes inputs, const TensorType& type) {
    op.cost(inputs, type);
};

Cost cost_of(const Graph& graph, const Node& node) {
    std::vector<const TensorType*> types;
    for (const NodeId id : node.inputs) types.push_back(id == NodeId::kNone ? nullptr : &graph.type(id));
    return cost_of(node.op, types, node.type);
}

/// Ops whose input 1 is a matrix of weights that its MACs multiply by.
bool multiplies_weights(const Op& op) {
    return std::holds_alternative<Conv2d>(op) || std::holds_alternative<QuantizedConv2d>(op) ||
           std::holds_alternative<IntegerConv2d>(op) || std::holds_alternative<Linear>(op) ||
           std::holds_alternative<QuantizedLinear>(op) || std::holds_alternative<IntegerLinear>(op);
}

std::int64_t peak_activations(const Graph& graph) {
    std::vector<int> last_use(static_cast<std::size_t>(graph.size()), -1);
    for (int i = 0; i < graph.size(); ++i) {
        for (const NodeId id : graph[static_cast<NodeId>(i)].inputs) {
            if (id != NodeId::kNone) last_use[static_cast<std::size_t>(id)] = i;
        }
    }
    const auto bytes = [&](int i) {
        const Node& node = graph[static_cast<NodeId>(i)];
        // A reshape is a view: its elements are counted where they were made.
        if (std::holds_alternative<Constant>(node.op) || std::holds_alternative<Reshape>(node.op)) {
            return std::int64_t{0};
        }
        return node.type.shape.elements() * static_cast<std::int64_t>(size_of(node.type.dtype));
    };
    // A view keeps what it looks at alive.
    for (int i = graph.size(); i-- > 0;) {
        const Node& node = graph[static_cast<NodeId>(i)];
        if (!std::holds_alternative<Reshape>(node.op)) continue;
        int& source = last_use[static_cast<std::size_t>(node.inputs[0])];
        source = std::max(source, last_use[static_cast<std::size_t>(i)]);
    }
    std::vector<std::vector<int>> dying(static_cast<std::size_t>(graph.size()));
    for (int i = 0; i < graph.size(); ++i) {
        if (last_use[static_cast<std::size_t>(i)] >= 0) {
            dying[static_cast<std::size_t>(last_use[static_cast<std::size_t>(i)])].push_back(i);
        }
    }
    std::int64_t live = 0;
    std::int64_t peak = 0;
    for (int i = 0; i < graph.size(); ++i) {
        live += bytes(i);
        peak = std::max(peak, live);
        for (const int dead : dying[static_cast<std::size_t>(i)]) live -= bytes(dead);
    }
    return peak;
}

}  // namespace

Cost cost_of(const Op& op, InputTypes inputs, const TensorType& output) {
    return std::visit(
        [&](const auto& o) -> Cost {
            if constexpr (Costed<decltype(o)>) {
                return o.cost(inputs, output);
            } else {
                return {.counted = false};
            }
        },
        op);
}

CostReport cost_of(const Graph& original) {
    const Graph graph = with_batch(original, 1);
    CostReport report;
    std::set<std::string> uncounted;
    std::set<NodeId> seen;
    for (const Node& node : graph.nodes()) {
        const std::string op(name(node.op));
        if (std::holds_alternative<Input>(node.op)) continue;
        if (std::holds_alternative<Constant>(node.op)) {
            report.constants += node.value.elements();
            report.weight_bytes += static_cast<std::int64_t>(node.value.size_bytes());
            continue;
        }
        const Cost cost = cost_of(graph, node);
        if (!cost.counted) uncounted.insert(op);
        report.total += cost;
        report.by_op[op] += cost;
        ++report.node_counts[op];
        const Tensor* weights = multiplies_weights(node.op) ? graph.constant(node.inputs[1]) : nullptr;
        if (weights && weights->elements() > 0) {
            const std::int64_t used = weights->elements() - count_zeros(*weights);
            const double density = static_cast<double>(used) / static_cast<double>(weights->elements());
            report.effective_macs +=
                static_cast<std::int64_t>(static_cast<double>(cost.macs) * density + 0.5);
            if (seen.insert(node.inputs[1]).second) report.zero_weights += weights->elements() - used;
        } else {
            report.effective_macs += cost.macs;
        }
    }
    report.uncounted.assign(uncounted.begin(), uncounted.end());
    report.peak_activation_bytes = peak_activations(graph);
    return report;
}

}  // namespace espalier::graph
