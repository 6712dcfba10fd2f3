#pragma once

#include <string>
#include <vector>

#include "formats/onnx/extent.h"
#include "graph/graph.h"

namespace espalier::formats::onnx {

/// A graph under construction, kept at batch 1 and at batch 2. Comparing the two tells how every extent of
/// every value depends on the batch size, and proves that the graph holds for more than one.
class TwinGraph {
  public:
    using NodeId = graph::NodeId;

    /// The input, whose shape starts with the batch.
    NodeId add_input(const std::string& name, const Shape& shape);
    NodeId add_constant(const std::string& name, const Tensor& value);
    /// Throws Error when the inputs do not fit, or fit at one batch size only.
    NodeId add(const graph::Op& op, const std::vector<NodeId>& inputs, const std::string& name);

    /// `x` under a shape whose extents may depend on the batch. Throws Error when no Reshape expresses it.
    NodeId reshape(NodeId x, const std::vector<Extent>& to, const std::string& name);

    NodeId input() const { return one_.input(); }
    /// At batch 1.
    const graph::TensorType& type(NodeId id) const { return one_.type(id); }
    std::vector<Extent> extents(NodeId id) const;
    const graph::Graph& at_one() const { return one_; }

    /// The graph at batch 1 with that output, without what does not reach it.
    graph::Graph finish(NodeId output);

  private:
    graph::Graph one_;
    graph::Graph two_;
};

}  // namespace espalier::formats::onnx
