#pragma once

#include <functional>
#include <span>
#include <string>

#include "engine/session.h"

namespace espalier::engine {

/// A session that shows the values of some nodes of a graph while it runs.
class Probe {
  public:
    /// The elements of nodes[index]: row by row, but those of an image (rank 4) may have their channels last.
    /// Valid during the call.
    using See = std::function<void(std::size_t index, std::span<const float> values)>;

    /// `nodes` of `graph` are f32 and depend on its input. Throws Error as Session does, and when one is not
    /// f32.
    Probe(const graph::Graph& graph, std::span<const graph::NodeId> nodes, const SessionOptions& options);

    /// Session::run() that calls `see` once for each of the nodes.
    void run(const Tensor& input, const See& see);

  private:
    std::string prefix_;  ///< of the names by which values are known again among the operations executed
    Session session_;
};

}  // namespace espalier::engine
