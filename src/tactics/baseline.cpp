#include "tactics/no_parameter.h"
#include "tactics/tactic.h"

namespace espalier::tactics {

/// The model as it is: every operation executed on its own, in f32.
const Tactic kBaseline{
    .name = "baseline",
    .parameter = "",
    .summary = "the model as it is, operation by operation",
    .phase = Phase::kPrune,
    .canonical = [](std::string_view parameter) { return no_parameter("baseline", parameter); },
    .passes = [](std::string_view) { return std::vector<passes::Pass>{}; },
};

}  // namespace espalier::tactics
