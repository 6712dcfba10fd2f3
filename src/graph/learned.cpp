#include "graph/learned.h"

#include <set>

namespace espalier::graph {

namespace {

/// The first input of `op` that is no parameter, and everything behind it.
std::size_t first_statistic(const Op& op) {
    if (std::holds_alternative<BatchNorm>(op)) return 3;
    if (std::holds_alternative<QuantizeLinear>(op) || std::holds_alternative<DequantizeLinear>(op)) return 1;
    return SIZE_MAX;
}

}  // namespace

std::int64_t learned_parameters(const Graph& graph) {
    std::set<NodeId> statistics;
    for (const Node& node : graph.nodes()) {
        for (std::size_t i = first_statistic(node.op); i < node.inputs.size(); ++i)
            statistics.insert(node.inputs[i]);
    }
    std::int64_t parameters = 0;
    for (int i = 0; i < graph.size(); ++i) {
        const auto id = static_cast<NodeId>(i);
        const Tensor* constant = graph.constant(id);
        if (constant && constant->elements() > 1 && !statistics.contains(id))
            parameters += constant->elements();
    }
    return parameters;
}

}  // namespace espalier::graph
