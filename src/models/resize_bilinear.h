#pragma once

#include "models/scope.h"

namespace espalier::models {

/// The weights of torch's bilinear interpolation with align_corners=False along one axis, f32 [out, in]: row
/// o holds the shares of the inputs in output o. At least one input.
Tensor bilinear_weights(std::int64_t in, std::int64_t out);

/// [n, c, h, w] -> [n, c, height, width] by products with constant weights.
graph::NodeId resize_bilinear(const Scope& scope, graph::NodeId x, std::int64_t height, std::int64_t width);

}  // namespace espalier::models
