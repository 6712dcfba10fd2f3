#pragma once

#include <cstdint>

#include "graph/graph.h"

namespace espalier::graph {

/// Elements of a graph's constants that were learned, as far as a graph tells: without single numbers
/// (scales, bounds), without running means and variances, and without the scales and zero points of quantized
/// tensors.
std::int64_t learned_parameters(const Graph& graph);

}  // namespace espalier::graph
