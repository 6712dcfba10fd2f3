#pragma once

#include "models/scope.h"

namespace espalier::models {

/// Cuts images into square patches of `edge` pixels, and lays the pixels of equal place within their patches
/// side by side: [n, c, h, w] -> [n, edge * edge, patches, c]. The edge divides h and w.
graph::NodeId unfold(const Scope& scope, graph::NodeId x, std::int64_t edge);

/// The inverse: [n, edge * edge, patches, c] -> [n, c, height, width].
graph::NodeId fold(const Scope& scope, graph::NodeId x, std::int64_t edge, std::int64_t height,
                   std::int64_t width);

}  // namespace espalier::models
