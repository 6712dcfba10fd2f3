#include "passes/prune/magnitude.h"
#include "tactics/amount.h"
#include "tactics/tactic.h"

namespace espalier::tactics {

/// Zeroes the weights of smallest magnitude over all layers together.
const Tactic kGlobalPruning{
    .name = "global-pruning",
    .parameter = "amount",
    .summary = "zero the given fraction of weights of smallest magnitude, over all layers together",
    .phase = Phase::kPrune,
    .canonical = [](std::string_view parameter) { return canonical_amount("global-pruning", parameter); },
    .passes =
        [](std::string_view parameter) {
            const double amount = amount_of(parameter);
            return std::vector<passes::Pass>{
                {"prune-globally", [amount](const graph::Graph& graph, passes::Change& change) {
                     return passes::prune_globally(graph, amount, change);
                 }}};
        },
};

}  // namespace espalier::tactics
