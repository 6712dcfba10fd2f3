#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "graph/op.h"
#include "tensor/tensor.h"

namespace espalier::graph {

/// A node of a graph, which is also the one value it produces. kNone stands for an absent optional input.
enum class NodeId : std::int32_t { kNone = -1 };

/// One operation: what it does, on which values, and the type of its result.
struct Node {
    Op op;
    std::vector<NodeId> inputs;
    TensorType type;
    std::string name;  ///< from the model's file, for messages; unique for constants
    Tensor value;      ///< of a Constant only
};

/// A classifier as a list of typed operations in execution order: a node's inputs come before it. Each node
/// gives one value. Shapes are checked when a node is added, so a Graph that exists is well formed.
class Graph {
  public:
    /// Adds an input. Axis 0 is the batch.
    NodeId add_input(std::string name, TensorType type);

    /// Adds a constant. A name that is taken gets a number appended.
    NodeId add_constant(std::string name, Tensor value);

    /// Adds an operation and infers its type. Throws Error naming the node when the inputs do not fit the op.
    NodeId add(Op op, std::vector<NodeId> inputs, std::string name);

    void set_output(NodeId node) { output_ = node; }

    /// Gives back this graph's hold on the elements of a constant that nobody will read again; its type
    /// stays.
    void forget_elements(NodeId constant);

    const Node& operator[](NodeId id) const { return nodes_.at(static_cast<std::size_t>(id)); }
    const TensorType& type(NodeId id) const { return (*this)[id].type; }
    NodeId input() const { return input_; }
    NodeId output() const { return output_; }
    int size() const { return static_cast<int>(nodes_.size()); }

    /// Nodes in execution order; the position of a node is its NodeId.
    const std::vector<Node>& nodes() const { return nodes_; }

    /// How many times each node is used as an input or as the graph's output.
    std::vector<int> use_counts() const;

    /// The constant behind `id`, or nullptr where it is not a constant.
    const Tensor* constant(NodeId id) const;

    /// The op of node `id` when it is an O, else nullptr.
    template <typename O>
    const O* as(NodeId id) const {
        return id == NodeId::kNone ? nullptr : std::get_if<O>(&(*this)[id].op);
    }

    /// Operations that are executed: all nodes but inputs and constants.
    int operations() const;

  private:
    NodeId append(Node node);

    std::vector<Node> nodes_;
    std::vector<std::string> constant_names_;  // sorted
    NodeId input_ = NodeId::kNone;
    NodeId output_ = NodeId::kNone;
};

/// Builds a changed copy of a graph, node by node in execution order. Every pass is one such walk: for each
/// node either keep() it or add() what replaces it to out() and say so with replace().
class Rewriter {
  public:
    explicit Rewriter(const Graph& from);

    const Graph& from() const { return from_; }
    Graph& out() { return out_; }

    /// The node of the new graph that stands for `old`; kNone for kNone.
    NodeId operator[](NodeId old) const;

    /// Copies `old` with its inputs mapped.
    NodeId keep(NodeId old);
    /// Copies `old` under another op, with its inputs mapped.
    NodeId keep_as(NodeId old, Op op);
    /// Lets `now` of the new graph stand for `old`.
    NodeId replace(NodeId old, NodeId now);

    /// The new graph, without what nothing uses any more. Throws Error when the output was lost.
    Graph finish();

  private:
    const Graph& from_;
    Graph out_;
    std::vector<NodeId> map_;
};

/// Work of one operation on operands of the given types.
Cost cost_of(const Op& op, InputTypes inputs, const TensorType& output);

/// A copy without the nodes that do not reach the output.
Graph without_dead_nodes(const Graph& graph);

/// A copy for another batch size: the input's axis 0 becomes `batch` and all types are inferred again.
Graph with_batch(const Graph& graph, std::int64_t batch);

/// Checks everything a Graph promises: order, inputs, inferred types, one f32 output of rank 2, one f32 input
/// of rank 4. Throws Error naming the node.
void verify(const Graph& graph);

/// One line per node: "%7 = conv2d(%6, stem.weight, stem.bias) stride=[2, 2] ... : f32[1, 64, 112, 112]".
std::string print(const Graph& graph);

/// "unary kind=relu" and the like: the op with those attributes that differ from their defaults.
std::string print(const Op& op);

}  // namespace espalier::graph
