#include "models/linear_norm.h"

#include "models/packed_rows.h"

namespace espalier::models {

using namespace graph;

LinearNorm read_linear_norm(const Scope& scope, std::int64_t in, std::int64_t out) {
    const Scope norm = scope / "batch_norm";
    return {.weight = (scope / "linear").values("weight", {out, in}, Role::kMatrix),
            .gain = norm.values("weight", {out}, Role::kGain),
            .shift = norm.values("bias", {out}, Role::kShift),
            .mean = norm.values("running_mean", {out}, Role::kMean),
            .variance = norm.values("running_var", {out}, Role::kVariance)};
}

LinearNorm rows_of(const LinearNorm& layer, const Ints& rows) {
    return {.weight = take_rows(layer.weight, rows),
            .gain = take_rows(layer.gain, rows),
            .shift = take_rows(layer.shift, rows),
            .mean = take_rows(layer.mean, rows),
            .variance = take_rows(layer.variance, rows)};
}

NodeId apply(const Scope& scope, NodeId x, const LinearNorm& layer) {
    const Scope norm = scope / "batch_norm";
    const NodeId y =
        (scope / "linear").add(Linear{}, {x, (scope / "linear").constant("weight", layer.weight)});
    return norm.add(
        BatchNorm{.eps = kLinearNormEps, .layout = Layout::kNhwc},
        {y, norm.constant("weight", layer.gain), norm.constant("bias", layer.shift),
         norm.constant("running_mean", layer.mean), norm.constant("running_var", layer.variance)});
}

NodeId linear_norm(const Scope& scope, NodeId x, std::int64_t out) {
    return apply(scope, x, read_linear_norm(scope, scope.type(x).shape.back(), out));
}

}  // namespace espalier::models
