#pragma once

#include "models/scope.h"

namespace espalier::models {

/// What distinguishes one multi-head attention from another.
struct Heads {
    std::int64_t heads = 1;
    double scale = 1;  ///< of the products of queries and keys
    /// A constant added to the scaled products, or kNone: [heads, t, s], or [windows, heads, t, s] where the
    /// batch holds the windows of each image one behind the other.
    graph::NodeId bias = graph::NodeId::kNone;
};

/// 1 / sqrt(width / heads), the usual scale.
double inverse_root_depth(std::int64_t width, std::int64_t heads);

/// softmax(scale q k^T + bias) v over each head, heads side by side (Vaswani et al. 2017, eq. 1), as separate
/// operations in the shape that the pass fuse_attention recognizes.
///
/// q [n, t, heads * d], k [n, s, heads * d], v [n, s, heads * e] -> [n, t, heads * e].
/// Throws Error where a width does not divide into the heads.
graph::NodeId attend(const Scope& scope, graph::NodeId q, graph::NodeId k, graph::NodeId v,
                     const Heads& heads);

/// The same for q, k and v of equal width side by side in one matrix: qkv [n, t, 3 * heads * d] -> [n, t,
/// heads * d].
graph::NodeId attend_packed(const Scope& scope, graph::NodeId qkv, const Heads& heads);

}  // namespace espalier::models
