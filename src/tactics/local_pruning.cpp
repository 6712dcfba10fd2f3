#include "passes/prune/magnitude.h"
#include "tactics/amount.h"
#include "tactics/tactic.h"

namespace espalier::tactics {

/// Zeroes the weights of smallest magnitude in every layer alike.
const Tactic kLocalPruning{
    .name = "local-pruning",
    .parameter = "amount",
    .summary = "zero the given fraction of weights of smallest magnitude, in every layer alike",
    .phase = Phase::kPrune,
    .canonical = [](std::string_view parameter) { return canonical_amount("local-pruning", parameter); },
    .passes =
        [](std::string_view parameter) {
            const double amount = amount_of(parameter);
            return std::vector<passes::Pass>{
                {"prune-locally", [amount](const graph::Graph& graph, passes::Change& change) {
                     return passes::prune_locally(graph, amount, change);
                 }}};
        },
};

}  // namespace espalier::tactics
