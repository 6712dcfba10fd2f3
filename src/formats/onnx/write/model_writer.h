#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "formats/onnx/write/model_file.h"
#include "graph/graph.h"

namespace espalier::formats::onnx {

/// An ONNX model under construction from a graph. Each node is written by the write_op() of its op.
class ModelWriter {
  public:
    explicit ModelWriter(const graph::Graph& graph);

    /// The whole graph.
    ModelFile write();

    const graph::Graph& graph() const { return graph_; }
    /// The ONNX value of a node, which is written when it is first asked for.
    const std::string& value(graph::NodeId id);
    /// A name that nothing has yet: `wanted`, or with a number behind it.
    std::string unique(std::string_view wanted);
    void add(Operation operation) { model_.operations.push_back(std::move(operation)); }
    /// Adds a tensor under a name like `wanted`. A small one that is there already is not added again.
    std::string add_initializer(std::string_view wanted, const Tensor& tensor);
    void use(const Function& function);

  private:
    std::string output_value();

    const graph::Graph& graph_;
    ModelFile model_;
    std::vector<std::string> values_;
    std::unordered_map<std::string, int> names_;  ///< how often each was asked for
    std::map<std::string, std::string> small_initializers_;
};

}  // namespace espalier::formats::onnx
