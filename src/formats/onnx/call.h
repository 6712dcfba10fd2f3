#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "formats/onnx/integers.h"
#include "formats/onnx/proto.h"
#include "formats/onnx/twin_graph.h"

namespace espalier::formats::onnx {

using graph::NodeId;

/// A part of a product whose activations are quantized at run time: what DynamicQuantizeLinear gives, its
/// scale times a constant, or the integer sums. Sums and scale multiplied are one op of the graph; alone they
/// are none.
struct Dynamic {
    enum class Role { kCodes, kScale, kZeroPoint, kSum };
    Role role;
    NodeId x;                        ///< the f32 value that is quantized
    Tensor factor{};                 ///< of the scale
    graph::Op product{};             ///< of sums: QuantizedConv2d or QuantizedLinear
    NodeId weights = NodeId::kNone;  ///< of sums
};

/// What a name of an ONNX graph stands for while it is imported: a value computed at run time, a constant, or
/// integers of shape arithmetic, which may depend on the batch size.
struct Value {
    std::variant<NodeId, Tensor, Integers> content;
    std::string name;
    NodeId node = NodeId::kNone;        ///< of a constant that has entered the graph
    NodeId transposed = NodeId::kNone;  ///< of a constant matrix that has entered it with its axes exchanged
    std::optional<Dynamic> dynamic{};   ///< then `content` is nothing
};

/// All values of a graph so far.
using Values = std::map<std::string, Value, std::less<>>;

/// How many bytes of constants an import may still compute. A few nodes of a hostile file could ask for any
/// amount.
class Budget {
  public:
    explicit Budget(std::size_t bytes) : left_(bytes) {}
    /// Throws Error when the budget is spent.
    void take(std::size_t bytes);

  private:
    std::size_t left_;
};

/// One node of an ONNX graph being translated: its inputs, attributes and outputs. Every parse_* function
/// takes one.
class Call {
  public:
    Call(const NodeProto& node, std::int64_t opset, Values& values, TwinGraph& graph, Budget& budget)
        : node_(node), opset_(opset), values_(values), graph_(graph), budget_(budget) {}

    std::int64_t opset() const { return opset_; }
    const std::string& op_type() const { return node_.op_type; }
    TwinGraph& graph() { return graph_; }
    const graph::TensorType& type(NodeId id) const { return graph_.type(id); }

    std::size_t inputs() const { return node_.inputs.size(); }
    bool has(std::size_t index) const { return index < node_.inputs.size() && !node_.inputs[index].empty(); }
    /// Throws Error when the input is absent, or a part of a product that only dynamic() gives.
    Value& input(std::size_t index);
    /// The input where it is a part of a product quantized at run time, else nullptr.
    const Dynamic* dynamic(std::size_t index);

    /// The input as a node of the graph; constants enter it under their own names, floating types as f32.
    NodeId operand(std::size_t index);
    /// operand(), or kNone where the input is absent.
    NodeId optional_operand(std::size_t index) { return has(index) ? operand(index) : NodeId::kNone; }
    /// The input, a constant matrix, as a constant of the graph with its axes exchanged; floating types as
    /// f32. Made once, however many nodes use it.
    NodeId transposed_operand(std::size_t index);
    /// The input where it is a constant, else nullptr. Known integers count as a constant.
    const Tensor* constant(std::size_t index);
    /// constant() as f32. Throws Error when the input is not a constant of one element.
    double scalar(std::size_t index, double otherwise);
    /// The input where it is an integer constant or shape arithmetic.
    std::optional<Integers> integers(std::size_t index);
    /// integers(), or an array of integers for each image.
    std::optional<Integers> image_integers(std::size_t index);
    /// Integers that do not depend on the batch. Throws Error for anything else.
    std::vector<std::int64_t> known_integers(std::size_t index);
    /// From the attribute, or from the input of opsets that moved it there; nothing where both are absent.
    std::optional<std::vector<std::int64_t>> integers_of(const char* attribute, std::size_t input);

    bool has_attribute(const char* name) const { return node_.attributes.contains(name); }
    const AttributeProto& attribute(const char* name) const;
    std::int64_t integer(const char* name, std::int64_t otherwise) const;
    double number(const char* name, double otherwise) const;
    std::string text(const char* name, const char* otherwise) const;
    std::vector<std::int64_t> list(const char* name, std::vector<std::int64_t> otherwise) const;

    /// Adds a node to the graph, named after this one.
    NodeId add(const graph::Op& op, const std::vector<NodeId>& inputs);
    NodeId reshape(NodeId x, const std::vector<Extent>& to);
    /// Adds a constant made from input `index` under the same name, or one of this node's own.
    NodeId add_constant(const std::string& name, const Tensor& value);
    NodeId add_scalar(float value);

    std::size_t outputs() const { return node_.outputs.size(); }
    /// Defines output `index`. Throws Error when the name is taken.
    void give(std::variant<NodeId, Tensor, Integers> content, std::size_t index = 0);

    void give_dynamic(Dynamic part, std::size_t index = 0);

    std::string name() const;

  private:
    Value& any_input(std::size_t index);
    const NodeProto& node_;
    std::int64_t opset_;
    Values& values_;
    TwinGraph& graph_;
    Budget& budget_;
    std::map<std::size_t, Tensor> known_;  // tensors made from integers, kept for constant()
};

/// Turns an axis that may count from the end into [0, rank). Throws Error when it is outside.
int axis_of(std::int64_t axis, int rank);

}  // namespace espalier::formats::onnx
