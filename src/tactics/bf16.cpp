#include "passes/quantize/bfloat16.h"
#include "tactics/no_parameter.h"
#include "tactics/tactic.h"

namespace espalier::tactics {

/// bfloat16 weights and products: half the bytes, and where the processor multiplies bf16 twice the products.
const Tactic kBf16{
    .name = "bf16",
    .parameter = "",
    .summary = "bfloat16 weights, activations rounded as they arrive, sums in fp32",
    .phase = Phase::kQuantize,
    .canonical = [](std::string_view parameter) { return no_parameter("bf16", parameter); },
    .passes =
        [](std::string_view) {
            return std::vector<passes::Pass>{{"round-weights-to-bfloat16", passes::round_weights_to_bfloat16},
                                             {"attend-in-bfloat16", passes::attend_in_bfloat16}};
        },
};

}  // namespace espalier::tactics
