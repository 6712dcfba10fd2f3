#include "passes/prune/masks.h"

#include <algorithm>

#include "base/error.h"

namespace espalier::passes {

using namespace graph;

void check_amount(double amount) {
    if (!(amount >= 0 && amount < 1)) {
        fail_usage("the pruning amount must be at least 0 and below 1, not {}", amount);
    }
}

Tensor masked(const Tensor& weights, std::span<const std::uint8_t> mask) {
    Tensor result = weights.clone();
    const auto values = result.mutable_span<float>();
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (mask[i] == 0) values[i] = 0;
    }
    return result;
}

Graph with_weights(const Graph& graph, const std::vector<NodeId>& ids, const std::vector<Tensor>& tensors) {
    Rewriter rewriter(graph);
    for (int i = 0; i < graph.size(); ++i) {
        const auto id = static_cast<NodeId>(i);
        const auto found = std::find(ids.begin(), ids.end(), id);
        if (found == ids.end()) {
            rewriter.keep(id);
        } else {
            const Tensor& tensor = tensors[static_cast<std::size_t>(found - ids.begin())];
            const bool rounded = graph.type(id).dtype == DType::kBF16;
            rewriter.replace(
                id, rewriter.out().add_constant(graph[id].name, rounded ? tensor.to_bf16() : tensor));
        }
    }
    return rewriter.finish();
}

}  // namespace espalier::passes
