#include "base/error.h"
#include "passes/quantize/bfloat16.h"
#include "passes/quantize/dynamic.h"
#include "tactics/tactic.h"

namespace espalier::tactics {
namespace {

std::string canonical_scheme(std::string_view parameter) {
    if (parameter.empty() || parameter == "torch") return std::string(parameter);
    fail_usage("dynamic-quantization takes no parameter or 'torch', but '{}' was given", parameter);
}

std::vector<passes::Pass> quantization_passes(std::string_view parameter) {
    const auto scheme = parameter == "torch" ? graph::QuantScheme::kTorch : graph::QuantScheme::kPerRow;
    std::vector<passes::Pass> passes{
        {"quantize-dynamically", [scheme](const graph::Graph& graph, passes::Change& change) {
             return passes::quantize_dynamically(graph, scheme, change);
         }}};
    // As torch.ao does it, attention stays in f32.
    if (scheme == graph::QuantScheme::kPerRow) {
        passes.push_back({"attend-in-bfloat16", passes::attend_in_bfloat16});
    }
    return passes;
}

}  // namespace

/// int8 weights, activations quantized as they arrive.
const Tactic kDynamicQuantization{
    .name = "dynamic-quantization",
    .parameter = "torch",
    .summary =
        "int8 weights per channel, activations quantized at run time; ':torch' as quantize_dynamic does it",
    .phase = Phase::kQuantize,
    .canonical = canonical_scheme,
    .passes = quantization_passes,
};

}  // namespace espalier::tactics
