#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "graph/graph.h"

namespace espalier::graph {

/// The graph as JSON (schema "espalier.graph/1"): a list of nodes with op, attributes, inputs by position and
/// name. The content of constants is not included; they are found again by name.
nlohmann::json to_json(const Graph& graph);

/// Inverse of to_json. `constant` gives the tensor of a name or throws. Every node is checked as it is added.
/// Throws Error naming the node or key that is missing, unknown or does not fit.
Graph graph_from_json(const nlohmann::json& json,
                      const std::function<Tensor(const std::string& name)>& constant);

}  // namespace espalier::graph
