#include "passes/prune/blocks.h"
#include "tactics/amount.h"
#include "tactics/tactic.h"

namespace espalier::tactics {

/// Zeroes runs of four inputs, which int8 kernels skip as one.
const Tactic kBlockPruning{
    .name = "block-pruning",
    .parameter = "amount",
    .summary =
        "zero the given fraction of 1x4 blocks of weights of smallest norm, in every layer whose kernels "
        "skip them",
    .phase = Phase::kPrune,
    .canonical = [](std::string_view parameter) { return canonical_amount("block-pruning", parameter); },
    .passes =
        [](std::string_view parameter) {
            const double amount = amount_of(parameter);
            return std::vector<passes::Pass>{
                {"prune-blocks", [amount](const graph::Graph& graph, passes::Change& change) {
                     return passes::prune_blocks(graph, amount, change);
                 }}};
        },
};

}  // namespace espalier::tactics
