#pragma once

#include "models/scope.h"

namespace espalier::models {

/// Names and sizes of a squeeze-and-excitation.
struct SqueezeExcite {
    std::string_view reduce, expand;  ///< scopes of its two 1x1 convolutions
    std::int64_t narrow = 1;          ///< channels between them
    std::string activation = "relu";  ///< between them
    std::string gate = "sigmoid";     ///< behind them
};

/// x * gate(expand(activation(reduce(mean of x over the image)))), a factor per channel (Hu et al. 2017,
/// arXiv 1709.01507, eq. 2 to 4).
graph::NodeId squeeze_excite(const Scope& scope, graph::NodeId x, const SqueezeExcite& se);

}  // namespace espalier::models
