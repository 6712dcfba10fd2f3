#pragma once

#include <optional>
#include <vector>

#include "graph/graph.h"

namespace espalier::passes {

/// A value computed at run time and dequantized with one constant scale and zero point.
struct DequantizedActivation {
    graph::NodeId codes;
    double scale;
    std::int64_t zero_point;
};
std::optional<DequantizedActivation> dequantized_activation(const graph::Graph& graph, graph::NodeId id);

/// Constant weights dequantized with one scale, or one for each index of axis 0.
struct DequantizedWeights {
    Tensor codes;                 ///< less their zero point, as f32
    std::optional<Tensor> as_s8;  ///< the same, where all of them fit
    std::vector<double> scales;   ///< one for each index of axis 0
};
std::optional<DequantizedWeights> dequantized_weights(const graph::Graph& graph, graph::NodeId id);

/// A constant bias, dequantized or not, as multiples of a unit for each feature. Codes whose scale is the
/// unit stay whole numbers. Nothing where it is no constant of that many features.
std::optional<std::vector<float>> in_units_of(const graph::Graph& graph, graph::NodeId id,
                                              const std::vector<float>& units);

}  // namespace espalier::passes
