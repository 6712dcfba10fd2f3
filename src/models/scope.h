#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "graph/graph.h"
#include "models/weights.h"

namespace espalier::models {

/// Geometry of a convolution.
struct Conv {
    std::int64_t out = 0;      ///< output channels
    graph::Pair kernel{1, 1};  ///< height, width
    graph::Pair stride{1, 1};
    graph::Quad pad{0, 0, 0, 0};  ///< top, left, bottom, right
    graph::Pair dilation{1, 1};
    std::int64_t groups = 1;
    bool bias = false;
};

/// A place in the tree of names of a checkpoint ("vit.encoder.layer.0"), and the graph that is built from the
/// weights below it. Layers add their nodes, named after the place, and return the node of their result.
class Scope {
  public:
    using NodeId = graph::NodeId;

    Scope(graph::Graph& graph, WeightSource& weights) : graph_(&graph), weights_(&weights) {}

    /// The place `child` below this one.
    Scope operator/(std::string_view child) const;
    Scope operator/(std::int64_t child) const { return *this / std::to_string(child); }

    /// By value: a reference into the graph would not outlive the next node.
    graph::TensorType type(NodeId id) const { return graph_->type(id); }

    /// A constant with the weight `name` of this place.
    NodeId weight(std::string_view name, const Shape& shape, Role role) const;
    /// Says that checkpoints hold a parameter here that inference does not need.
    void declare_unused(std::string_view name, const Shape& shape) const;
    /// The values of a weight that is made into something else while the model is loaded; see constant().
    Tensor values(std::string_view name, const Shape& shape, Role role) const;
    /// A constant computed while the model is loaded: a table, an index, a mask.
    NodeId constant(std::string_view name, Tensor value) const;
    /// A constant of one element.
    NodeId scalar(std::string_view name, float value) const;
    /// An operation without weights.
    NodeId add(graph::Op op, std::vector<NodeId> inputs, std::string_view name = "") const;

    /// weight [out, in/groups, r, s] and, where conv.bias, bias [out]
    NodeId conv(NodeId x, const Conv& conv) const;
    /// weight [out, in] and, where bias, bias [out]
    NodeId linear(NodeId x, std::int64_t out, bool bias = true) const;
    /// weight, bias, running_mean, running_var [channels], over axis 1
    NodeId batch_norm(NodeId x, double eps) const;
    /// weight, bias [features], over the last axis
    NodeId layer_norm(NodeId x, double eps) const;
    /// layer_norm over the channels of each pixel of an image [n, c, h, w].
    NodeId pixel_norm(NodeId x, double eps) const;

    /// The activation a configuration calls `name` ("gelu", "relu6", ...). Throws Error for a name it does
    /// not know.
    NodeId activation(NodeId x, const std::string& name) const;
    NodeId sum(NodeId a, NodeId b) const;
    NodeId product(NodeId a, NodeId b) const;
    /// x times the weight `name` of x's last extent (layer scale).
    NodeId scaled(NodeId x, std::string_view name) const;
    /// [n, c, h, w] -> [n, c]
    NodeId global_average(NodeId x) const;
    /// [n, t, c] -> [n, c], the mean over the tokens.
    NodeId mean_token(NodeId x) const;
    /// [n, t, c] -> [n, c], the token at `index`.
    NodeId token(NodeId x, std::int64_t index) const;

    /// [n, c, h, w] -> [n, h * w, c], a token per pixel, and back.
    NodeId tokens(NodeId x) const;
    NodeId image(NodeId x, std::int64_t height, std::int64_t width) const;
    /// [n, c, h, w] -> [n, h, w, c], and back.
    NodeId channels_last(NodeId x) const;
    NodeId channels_first(NodeId x) const;

  private:
    std::string path(std::string_view name) const;

    graph::Graph* graph_;
    WeightSource* weights_;
    std::string prefix_;
};

}  // namespace espalier::models
