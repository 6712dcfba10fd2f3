#include "passes/prune/blocks.h"

#include <algorithm>

#include "base/error.h"
#include "passes/prune/magnitude.h"
#include "passes/prune/masks.h"

namespace espalier::passes {

using namespace graph;

namespace {

/// Fewer rows leave most lanes of the sparse kernels empty.
constexpr std::int64_t kLeastRows = 16;

/// As many channels as pixels have, with transparency: such a layer is the first.
constexpr std::int64_t kPixelChannels = 4;

bool kernels_skip_blocks(const Graph& graph, const Node& node) {
    const Shape& weights = graph.type(node.inputs[1]).shape;
    if (const auto* conv = std::get_if<Conv2d>(&node.op)) {
        const std::int64_t rows = node.type.shape.elements() / (node.type.shape[0] * weights[0]);
        return conv->groups == 1 && weights[1] > kPixelChannels && rows >= kLeastRows;
    }
    const Shape& x = graph.type(node.inputs[0]).shape;
    return std::holds_alternative<Linear>(node.op) && x.elements() / (x[0] * x.back()) >= kLeastRows;
}

/// The weights to prune, each once, and a note on how many layers are left whole.
std::vector<NodeId> block_prunable(const Graph& graph, Change& change) {
    std::vector<NodeId> result;
    int whole = 0;
    for (const Node& node : graph.nodes()) {
        if (!std::holds_alternative<Conv2d>(node.op) && !std::holds_alternative<Linear>(node.op)) continue;
        const NodeId weights = node.inputs[1];
        if (!graph.constant(weights) || !kernels_skip_blocks(graph, node)) {
            ++whole;
        } else if (std::find(result.begin(), result.end(), weights) == result.end()) {
            result.push_back(weights);
        }
    }
    if (whole > 0 && !result.empty()) {
        change.notes.push_back(fmt::format(
            "block-pruning leaves {} layers whole, for which no kernel skips blocks: first layers, "
            "grouped convolutions, and layers of fewer than {} rows per image",
            whole, kLeastRows));
    }
    return result;
}

}  // namespace

std::int64_t pruning_blocks(std::int64_t n, std::int64_t k, std::int64_t taps) {
    return n * taps * ((k + kPruningBlock - 1) / kPruningBlock);
}

std::vector<std::uint8_t> block_mask(std::span<const float> weights, std::int64_t n, std::int64_t k,
                                     std::int64_t taps, std::int64_t count) {
    struct Block {
        double norm;  ///< squared
        std::int64_t first;
        std::int64_t size;
    };
    std::vector<Block> blocks;
    blocks.reserve(static_cast<std::size_t>(pruning_blocks(n, k, taps)));
    for (std::int64_t j = 0; j < n; ++j) {
        for (std::int64_t tap = 0; tap < taps; ++tap) {
            for (std::int64_t p = 0; p < k; p += kPruningBlock) {
                Block block{0, (j * k + p) * taps + tap, std::min(kPruningBlock, k - p)};
                for (std::int64_t b = 0; b < block.size; ++b) {
                    const double w = weights[static_cast<std::size_t>(block.first + b * taps)];
                    block.norm += w * w;
                }
                blocks.push_back(block);
            }
        }
    }
    std::stable_sort(blocks.begin(), blocks.end(),
                     [](const Block& a, const Block& b) { return a.norm < b.norm; });
    std::vector<std::uint8_t> mask(weights.size(), 1);
    for (std::int64_t i = 0; i < std::min(count, std::ssize(blocks)); ++i) {
        const Block& block = blocks[static_cast<std::size_t>(i)];
        for (std::int64_t b = 0; b < block.size; ++b)
            mask[static_cast<std::size_t>(block.first + b * taps)] = 0;
    }
    return mask;
}

Graph prune_blocks(const Graph& graph, double amount, Change& change) {
    check_amount(amount);
    const auto ids = block_prunable(graph, change);
    std::vector<Tensor> pruned;
    for (const NodeId id : ids) {
        const Tensor weights = graph.constant(id)->to_f32();
        const std::int64_t n = weights.shape()[0], k = weights.shape()[1],
                           taps = weights.elements() / (n * k);
        const std::int64_t count = pruned_count(amount, pruning_blocks(n, k, taps));
        pruned.push_back(masked(weights, block_mask(weights.span<float>(), n, k, taps, count)));
    }
    change.count += static_cast<int>(ids.size());
    return with_weights(graph, ids, pruned);
}

}  // namespace espalier::passes
