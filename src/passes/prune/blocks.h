#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "passes/pass.h"

namespace espalier::passes {

/// Input features of a block: what one int8 instruction multiplies and adds.
inline constexpr std::int64_t kPruningBlock = 4;

/// w[o, block] => 0 for the blocks of smallest L2 norm of each layer: the fraction `amount` in [0, 1) of
/// them.
///
/// A block is kPruningBlock consecutive input features of one output feature (and of one tap of a window);
/// what is left of the features at the end is a shorter one. Only layers for which the engine has a kernel
/// that skips zero blocks are pruned: linear layers with at least 16 rows per image, and convolutions of one
/// group that take more than 4 channels (the first sees raw pixels).
graph::Graph prune_blocks(const graph::Graph& graph, double amount, Change& change);

/// 1 for weights[n][k][taps] that stay and 0 for those of the `count` blocks of smallest L2 norm; of equal
/// norms those that come first, counted by feature, tap, and position.
std::vector<std::uint8_t> block_mask(std::span<const float> weights, std::int64_t n, std::int64_t k,
                                     std::int64_t taps, std::int64_t count);

/// Blocks of weights [n][k][taps].
std::int64_t pruning_blocks(std::int64_t n, std::int64_t k, std::int64_t taps);

}  // namespace espalier::passes
