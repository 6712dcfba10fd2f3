#pragma once

#include <functional>
#include <optional>

#include "passes/pass.h"

namespace espalier::passes {

/// A pointwise function found in a graph, and what it is applied to.
struct Found {
    graph::Unary op;
    graph::NodeId x = graph::NodeId::kNone;
};

/// Looks at one node; `uses` counts how often each node is used.
using Finder = std::function<std::optional<Found>(const graph::Graph& graph, const std::vector<int>& uses,
                                                  graph::NodeId id)>;

/// The graph with every node that `find` recognises replaced by what it found.
graph::Graph replace_found(const graph::Graph& graph, Change& change, const Finder& find);

}  // namespace espalier::passes
