#include "passes/prune/magnitude.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "passes/prune/masks.h"

namespace espalier::passes {

using namespace graph;

namespace {

std::vector<Tensor> tensors_of(const Graph& graph, const std::vector<NodeId>& ids) {
    std::vector<Tensor> tensors;
    for (const NodeId id : ids) tensors.push_back(graph.constant(id)->to_f32());
    return tensors;
}

Graph apply_masks(const Graph& graph, const std::vector<NodeId>& ids, const std::vector<Tensor>& weights,
                  const std::vector<std::vector<std::uint8_t>>& masks, Change& change) {
    std::vector<Tensor> pruned;
    for (std::size_t i = 0; i < ids.size(); ++i) pruned.push_back(masked(weights[i], masks[i]));
    change.count += static_cast<int>(ids.size());
    return with_weights(graph, ids, pruned);
}

}  // namespace

std::vector<NodeId> prunable_weights(const Graph& graph) {
    std::vector<NodeId> result;
    for (const Node& node : graph.nodes()) {
        if (!std::holds_alternative<Conv2d>(node.op) && !std::holds_alternative<Linear>(node.op)) continue;
        const NodeId weights = node.inputs[1];
        const bool known = std::find(result.begin(), result.end(), weights) != result.end();
        if (graph.constant(weights) && !known) result.push_back(weights);
    }
    return result;
}

std::int64_t pruned_count(double amount, std::int64_t elements) {
    return std::llrint(amount * static_cast<double>(elements));
}

std::vector<std::vector<std::uint8_t>> magnitude_masks(std::span<const Tensor> weights, std::int64_t count) {
    struct Entry {
        float magnitude;
        std::uint32_t index;
    };
    std::vector<Entry> entries;
    for (const Tensor& tensor : weights) {
        for (const float w : tensor.span<float>()) {
            entries.push_back({std::fabs(w), static_cast<std::uint32_t>(entries.size())});
        }
    }
    if (entries.size() > std::numeric_limits<std::uint32_t>::max())
        fail("too many weights to prune together");
    std::vector<std::uint8_t> mask(entries.size(), 1);
    if (count > 0) {
        const auto less = [](const Entry& a, const Entry& b) { return a.magnitude < b.magnitude; };
        const auto end = entries.begin() + std::min<std::ptrdiff_t>(count, std::ssize(entries));
        // The calls torch.topk makes on the CPU: among equal magnitudes they leave the same ones in front.
        if (64 * count <= std::ssize(entries)) {
            std::partial_sort(entries.begin(), end, entries.end(), less);
        } else {
            std::nth_element(entries.begin(), end - 1, entries.end(), less);
        }
        for (auto entry = entries.begin(); entry != end; ++entry) mask[entry->index] = 0;
    }
    std::vector<std::vector<std::uint8_t>> result;
    auto begin = mask.begin();
    for (const Tensor& tensor : weights) {
        const auto end = begin + static_cast<std::ptrdiff_t>(tensor.elements());
        result.emplace_back(begin, end);
        begin = end;
    }
    return result;
}

Graph prune_locally(const Graph& graph, double amount, Change& change) {
    check_amount(amount);
    const auto ids = prunable_weights(graph);
    const auto weights = tensors_of(graph, ids);
    std::vector<std::vector<std::uint8_t>> masks;
    for (const Tensor& tensor : weights) {
        masks.push_back(magnitude_masks({&tensor, 1}, pruned_count(amount, tensor.elements())).front());
    }
    return apply_masks(graph, ids, weights, masks, change);
}

Graph prune_globally(const Graph& graph, double amount, Change& change) {
    check_amount(amount);
    const auto ids = prunable_weights(graph);
    const auto weights = tensors_of(graph, ids);
    std::int64_t elements = 0;
    for (const Tensor& tensor : weights) elements += tensor.elements();
    return apply_masks(graph, ids, weights, magnitude_masks(weights, pruned_count(amount, elements)), change);
}

}  // namespace espalier::passes
