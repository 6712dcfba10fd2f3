#include "passes/prune/channels.h"
#include "tactics/amount.h"
#include "tactics/tactic.h"

namespace espalier::tactics {

/// Takes whole channels out, so that every kernel has less to do.
const Tactic kChannelPruning{
    .name = "channel-pruning",
    .parameter = "amount",
    .summary =
        "take out about the given fraction of the channels inside each block: weights and activations shrink",
    .phase = Phase::kShrink,
    .canonical = [](std::string_view parameter) { return canonical_amount("channel-pruning", parameter); },
    .passes =
        [](std::string_view parameter) {
            const double amount = amount_of(parameter);
            return std::vector<passes::Pass>{
                {"prune-channels", [amount](const graph::Graph& graph, passes::Change& change) {
                     return passes::prune_channels(graph, amount, change);
                 }}};
        },
};

}  // namespace espalier::tactics
