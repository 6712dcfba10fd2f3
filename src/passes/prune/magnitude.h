#pragma once

#include <cstdint>
#include <vector>

#include "passes/pass.h"

namespace espalier::passes {

/// The weights that pruning may touch: those of every Conv2d and Linear, in execution order, each once.
std::vector<graph::NodeId> prunable_weights(const graph::Graph& graph);

/// How many of `elements` weights an amount removes: round half to even of amount * elements, as
/// torch.nn.utils.prune._compute_nparams_toprune computes it for a fraction.
std::int64_t pruned_count(double amount, std::int64_t elements);

/// 1 for weights that stay and 0 for the `count` of smallest magnitude, over several tensors together. Among
/// equal magnitudes the choice is that of torch.topk on the CPU, so that masks equal torch.nn.utils.prune's.
std::vector<std::vector<std::uint8_t>> magnitude_masks(std::span<const Tensor> weights, std::int64_t count);

/// Each weight tensor on its own loses the fraction `amount` in [0, 1) of its smallest magnitudes:
/// torch.nn.utils.prune.l1_unstructured per layer.
graph::Graph prune_locally(const graph::Graph& graph, double amount, Change& change);

/// All weight tensors together lose the fraction `amount` of their smallest magnitudes:
/// torch.nn.utils.prune.global_unstructured with L1Unstructured.
graph::Graph prune_globally(const graph::Graph& graph, double amount, Change& change);

}  // namespace espalier::passes
