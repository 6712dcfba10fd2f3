#include "models/squeeze_excite.h"

namespace espalier::models {

using namespace graph;

NodeId squeeze_excite(const Scope& scope, NodeId x, const SqueezeExcite& se) {
    const std::int64_t channels = scope.type(x).shape[1];
    NodeId y =
        scope.add(Reduce{.kind = ReduceKind::kMean, .axes = {2, 3}, .keep_axes = true}, {x}, "squeeze");
    y = (scope / se.reduce).conv(y, {.out = se.narrow, .bias = true});
    y = (scope / se.expand)
            .conv((scope / se.reduce).activation(y, se.activation), {.out = channels, .bias = true});
    return scope.product(x, (scope / se.expand).activation(y, se.gate));
}

}  // namespace espalier::models
