#include "passes/repair/repair.h"

#include "tactics/no_parameter.h"
#include "tactics/tactic.h"

namespace espalier::tactics {

/// Lets the weights that pruning left do the work of those it took, as calibration images show it.
const Tactic kRepair{
    .name = "repair",
    .parameter = "",
    .summary =
        "refit the weights that pruning left, biases and batch-norm statistics to calibration images; "
        "composed with a tactic that prunes",
    .phase = Phase::kRepair,
    .canonical = [](std::string_view parameter) { return no_parameter("repair", parameter); },
    .calibrated_passes =
        [](std::string_view, const Sight& sight) {
            return std::vector<passes::Pass>{
                {"repair-pruned", [sight](const graph::Graph& pruned, passes::Change& change) {
                     return passes::repair({sight.whole, sight.kept, pruned}, sight.images, change);
                 }}};
        },
};

}  // namespace espalier::tactics
