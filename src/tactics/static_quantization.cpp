#include <charconv>

#include "base/error.h"
#include "passes/quantize/bfloat16.h"
#include "passes/quantize/static.h"
#include "tactics/tactic.h"

namespace espalier::tactics {
namespace {

constexpr std::string_view kPercentile = "percentile";

/// The number behind "percentile-"; below 0 where it is none.
double percentile_of(std::string_view parameter) {
    if (!parameter.starts_with(kPercentile)) return -1;
    parameter.remove_prefix(kPercentile.size());
    if (parameter.empty()) return passes::RangeRule{}.percentile;
    if (parameter.front() != '-') return -1;
    parameter.remove_prefix(1);
    double value = 0;
    const char* end = parameter.data() + parameter.size();
    const auto [stopped, error] = std::from_chars(parameter.data(), end, value);
    return error == std::errc{} && stopped == end && value >= 90 && value < 100 ? value : -1;
}

std::string canonical_scheme(std::string_view parameter) {
    if (parameter.empty()) return "mse";
    if (parameter == "mse" || parameter == "minmax") return std::string(parameter);
    const double percentile = percentile_of(parameter);
    if (percentile < 0) {
        fail_usage(
            "static-quantization takes 'mse', 'minmax' or 'percentile-P' with P from 90 to below 100, but "
            "'{}' was given",
            parameter);
    }
    return fmt::format("{}-{}", kPercentile, percentile);
}

passes::RangeRule rule_of(std::string_view scheme) {
    using Kind = passes::RangeRule::Kind;
    if (scheme == "minmax") return {.kind = Kind::kMinMax};
    if (scheme == "mse") return {.kind = Kind::kLeastSquaredError};
    return {.kind = Kind::kPercentile, .percentile = percentile_of(scheme)};
}

std::vector<passes::Pass> quantization_passes(std::string_view parameter, const Sight& sight) {
    return {{"quantize-statically",
             [rule = rule_of(parameter), &images = sight.images](const graph::Graph& graph,
                                                                 passes::Change& change) {
                 return passes::quantize_statically(graph, rule, images, change);
             }},
            {"attend-in-bfloat16", passes::attend_in_bfloat16}};
}

}  // namespace

/// int8 weights, activations quantized over ranges told from calibration images.
const Tactic kStaticQuantization{
    .name = "static-quantization",
    .parameter = "scheme",
    .summary =
        "int8 weights per channel, activations over ranges that calibration images show: mse, "
        "percentile-P or minmax",
    .phase = Phase::kQuantize,
    .canonical = canonical_scheme,
    .calibrated_passes = quantization_passes,
};

}  // namespace espalier::tactics
