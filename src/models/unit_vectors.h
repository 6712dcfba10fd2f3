#pragma once

#include "models/scope.h"

namespace espalier::models {

/// y[..., i] = lengths * x[..., i] / max(|x[...]|, 1e-12): vectors along the last axis, scaled to the given
/// lengths, whose shape broadcasts against x with a last extent of 1.
graph::NodeId scaled_to_length(const Scope& scope, graph::NodeId x, const Tensor& lengths);

/// The same for one length of all vectors.
graph::NodeId scaled_to_length(const Scope& scope, graph::NodeId x, double length);

}  // namespace espalier::models
