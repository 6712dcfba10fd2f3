#pragma once

#include <functional>
#include <map>
#include <optional>

#include "graph/graph.h"

namespace espalier::passes {

/// New numbers for a graph, known by its nodes: constants in place of its own, and biases for layers without
/// one.
class Patches {
  public:
    /// The graph outlives it.
    explicit Patches(const graph::Graph& graph) : graph_(graph), uses_(graph.use_counts()) {}

    const graph::Graph& graph() const { return graph_; }

    /// Input `index` of a node as it is now, in f32; nothing where it is absent or no constant.
    std::optional<Tensor> operand(graph::NodeId node, std::size_t index) const;

    /// Whether a constant input of `node` can be replaced: no other node reads it.
    bool can_replace(graph::NodeId node, std::size_t index) const;

    /// Replaces a constant input by f32 values, which are rounded where it is bf16.
    void replace(graph::NodeId node, std::size_t index, const Tensor& values);

    /// Gives a layer without a bias one.
    void add_bias(graph::NodeId layer, const Tensor& bias) { biases_[layer] = bias; }
    std::int64_t added_numbers() const;  ///< in biases that were added

    /// Adds a node of the graph, with its patches, to another; `now` tells which nodes stand for its inputs
    /// there.
    graph::NodeId copy(graph::NodeId node, graph::Graph& to,
                       const std::function<graph::NodeId(graph::NodeId)>& now) const;

    /// The whole graph with the patches.
    graph::Graph apply() const;

  private:
    const graph::Graph& graph_;
    std::vector<int> uses_;
    std::map<graph::NodeId, Tensor> constants_;
    std::map<graph::NodeId, Tensor> biases_;
};

}  // namespace espalier::passes
