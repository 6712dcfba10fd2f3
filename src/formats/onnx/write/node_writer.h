#pragma once

#include "formats/onnx/write/model_writer.h"

namespace espalier::formats::onnx {

/// One node of a graph being written as ONNX operations. Values are known by their names.
class NodeWriter {
  public:
    NodeWriter(ModelWriter& model, graph::NodeId id) : model_(model), id_(id) {}

    const graph::Graph& graph() const { return model_.graph(); }
    const graph::Node& node() const { return graph()[id_]; }
    /// Of the output, at batch 1.
    const Shape& shape() const { return node().type.shape; }
    bool has(std::size_t index) const {
        return index < node().inputs.size() && node().inputs[index] != graph::NodeId::kNone;
    }
    /// The inputs below are required: has() tells.
    const Shape& shape(std::size_t index) const { return model_.graph().type(node().inputs[index]).shape; }
    const graph::TensorType& input_type(std::size_t index) const {
        return model_.graph().type(node().inputs[index]);
    }
    const Tensor* constant(std::size_t index) const { return model_.graph().constant(node().inputs[index]); }
    std::string input(std::size_t index) { return model_.value(node().inputs[index]); }
    const std::string& input_name(std::size_t index) const {
        return model_.graph()[node().inputs[index]].name;
    }

    /// Adds an operation and returns its output.
    std::string add(std::string op_type, std::vector<std::string> inputs, Attributes attributes = {});
    std::string call(const Function& function, std::vector<std::string> inputs, Attributes attributes = {});

    /// Adds a constant and returns its name. That of a tensor is like `wanted`.
    std::string tensor(const std::string& wanted, const Tensor& value) {
        return model_.add_initializer(wanted, value);
    }
    std::string scalar(double value);
    std::string integers(const graph::Ints& values);

    std::string transposed(const std::string& x, const graph::Ints& perm);
    std::string reshaped(const std::string& x, const graph::Ints& dims);

  private:
    std::string add(Operation operation);
    /// What this node's values are called after.
    std::string label() const;

    ModelWriter& model_;
    graph::NodeId id_;
};

}  // namespace espalier::formats::onnx
