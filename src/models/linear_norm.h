#pragma once

#include "models/scope.h"

namespace espalier::models {

/// torch's default for batch normalization, which the networks that use this cannot change.
inline constexpr double kLinearNormEps = 1e-5;

/// A linear layer without bias and the batch normalization of its outputs, as a checkpoint has them.
struct LinearNorm {
    Tensor weight;                       ///< [out, in]
    Tensor gain, shift, mean, variance;  ///< [out]
};

/// Reads scope.linear and scope.batch_norm.
LinearNorm read_linear_norm(const Scope& scope, std::int64_t in, std::int64_t out);
/// The layer that computes those outputs alone.
LinearNorm rows_of(const LinearNorm& layer, const graph::Ints& rows);
/// x [..., in] -> [..., out]
graph::NodeId apply(const Scope& scope, graph::NodeId x, const LinearNorm& layer);

/// apply(read_linear_norm())
graph::NodeId linear_norm(const Scope& scope, graph::NodeId x, std::int64_t out);

}  // namespace espalier::models
