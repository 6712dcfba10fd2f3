#include "models/scope.h"

#include <array>

#include "base/error.h"
#include "base/suggest.h"

namespace espalier::models {

using namespace graph;

namespace {

struct NamedActivation {
    std::string_view name;
    Unary op;
};

/// Names of transformers' ACT2FN; those of equal function stand side by side.
constexpr std::array<NamedActivation, 13> kActivations{{{"gelu", {UnaryKind::kGelu}},
                                                        {"gelu_python", {UnaryKind::kGelu}},
                                                        {"gelu_new", {UnaryKind::kGeluTanh}},
                                                        {"gelu_pytorch_tanh", {UnaryKind::kGeluTanh}},
                                                        {"gelu_fast", {UnaryKind::kGeluTanh}},
                                                        {"relu", {UnaryKind::kRelu}},
                                                        {"relu6", {UnaryKind::kClip, 0, 6}},
                                                        {"silu", {UnaryKind::kSilu}},
                                                        {"swish", {UnaryKind::kSilu}},
                                                        {"hardswish", {UnaryKind::kHardSwish}},
                                                        {"sigmoid", {UnaryKind::kSigmoid}},
                                                        {"tanh", {UnaryKind::kTanh}},
                                                        {"hardsigmoid", {UnaryKind::kHardSigmoid}}}};

}  // namespace

Scope Scope::operator/(std::string_view child) const {
    Scope scope = *this;
    scope.prefix_ = path(child);
    return scope;
}

std::string Scope::path(std::string_view name) const {
    if (prefix_.empty()) return std::string(name);
    return name.empty() ? prefix_ : fmt::format("{}.{}", prefix_, name);
}

NodeId Scope::weight(std::string_view name, const Shape& shape, Role role) const {
    const std::string full = path(name);
    return graph_->add_constant(full, weights_->get(full, shape, role));
}

void Scope::declare_unused(std::string_view name, const Shape& shape) const {
    weights_->declare_unused(path(name), shape);
}

Tensor Scope::values(std::string_view name, const Shape& shape, Role role) const {
    return weights_->get(path(name), shape, role);
}

NodeId Scope::constant(std::string_view name, Tensor value) const {
    return graph_->add_constant(path(name), std::move(value));
}

NodeId Scope::scalar(std::string_view name, float value) const {
    return graph_->add_constant(path(name), Tensor::of<float>({}, std::span(&value, 1)));
}

NodeId Scope::add(Op op, std::vector<NodeId> inputs, std::string_view name) const {
    return graph_->add(std::move(op), std::move(inputs), path(name));
}

NodeId Scope::conv(NodeId x, const Conv& conv) const {
    const std::int64_t in = type(x).shape[1];
    if (conv.groups < 1 || in % conv.groups != 0) {
        fail("'{}': {} channels do not divide into {} groups", prefix_, in, conv.groups);
    }
    std::vector<NodeId> inputs{
        x, weight("weight", {conv.out, in / conv.groups, conv.kernel[0], conv.kernel[1]}, Role::kMatrix)};
    if (conv.bias) inputs.push_back(weight("bias", {conv.out}, Role::kShift));
    return add(
        Conv2d{.stride = conv.stride, .pad = conv.pad, .dilation = conv.dilation, .groups = conv.groups},
        std::move(inputs));
}

NodeId Scope::linear(NodeId x, std::int64_t out, bool bias) const {
    std::vector<NodeId> inputs{x, weight("weight", {out, type(x).shape.back()}, Role::kMatrix)};
    if (bias) inputs.push_back(weight("bias", {out}, Role::kShift));
    return add(Linear{}, std::move(inputs));
}

NodeId Scope::batch_norm(NodeId x, double eps) const {
    const Shape channels{type(x).shape[1]};
    return add(
        BatchNorm{.eps = eps},
        {x, weight("weight", channels, Role::kGain), weight("bias", channels, Role::kShift),
         weight("running_mean", channels, Role::kMean), weight("running_var", channels, Role::kVariance)});
}

NodeId Scope::group_norm(NodeId x, std::int64_t groups, double eps) const {
    const std::int64_t channels = type(x).shape[1];
    if (groups < 1 || channels % groups != 0) {
        fail("'{}': {} channels do not divide into {} groups", prefix_, channels, groups);
    }
    return add(GroupNorm{.groups = groups, .eps = eps},
               {x, weight("weight", {channels}, Role::kGain), weight("bias", {channels}, Role::kShift)});
}

NodeId Scope::layer_norm(NodeId x, double eps) const {
    const Shape features{type(x).shape.back()};
    return add(LayerNorm{.eps = eps},
               {x, weight("weight", features, Role::kGain), weight("bias", features, Role::kShift)});
}

NodeId Scope::pixel_norm(NodeId x, double eps) const {
    return channels_first(layer_norm(channels_last(x), eps));
}

NodeId Scope::activation(NodeId x, const std::string& name) const {
    std::vector<std::string> names;
    for (const auto& [known, op] : kActivations) {
        if (known == name) return add(op, {x}, "activation");
        names.emplace_back(known);
    }
    if (name == "linear") return x;
    fail("the configuration's activation '{}' is not supported.{}", name, suggestion(name, names));
}

NodeId Scope::sum(NodeId a, NodeId b) const { return add(Binary{BinaryKind::kAdd}, {a, b}, "add"); }

NodeId Scope::product(NodeId a, NodeId b) const { return add(Binary{BinaryKind::kMul}, {a, b}, "multiply"); }

NodeId Scope::scaled(NodeId x, std::string_view name) const {
    return product(x, weight(name, {type(x).shape.back()}, Role::kLayerScale));
}

NodeId Scope::channel_scaled(NodeId x, std::string_view name) const {
    const std::int64_t channels = type(x).shape[1];
    const Tensor scale = values(name, {channels}, Role::kLayerScale);
    return product(x, constant(name, scale.reshaped({channels, 1, 1})));
}

NodeId Scope::global_average(NodeId x) const {
    const NodeId mean =
        add(Reduce{.kind = ReduceKind::kMean, .axes = {2, 3}, .keep_axes = true}, {x}, "average");
    return add(Reshape{{0, -1}}, {mean}, "flatten");
}

NodeId Scope::mean_token(NodeId x) const {
    return add(Reduce{.kind = ReduceKind::kMean, .axes = {1}, .keep_axes = false}, {x}, "mean_token");
}

NodeId Scope::token(NodeId x, std::int64_t index) const {
    const NodeId slice = add(Slice{.axis = 1, .begin = index, .end = index + 1}, {x}, "token_slice");
    return add(Reshape{{0, -1}}, {slice}, "token");
}

NodeId Scope::tokens(NodeId x) const {
    const NodeId columns = add(Reshape{{0, 0, -1}}, {x}, "flatten");
    return add(Transpose{{0, 2, 1}}, {columns}, "tokens");
}

NodeId Scope::image(NodeId x, std::int64_t height, std::int64_t width) const {
    const NodeId columns = add(Transpose{{0, 2, 1}}, {x}, "columns");
    return add(Reshape{{0, 0, height, width}}, {columns}, "image");
}

NodeId Scope::channels_last(NodeId x) const { return add(Transpose{{0, 2, 3, 1}}, {x}, "channels_last"); }

NodeId Scope::channels_first(NodeId x) const { return add(Transpose{{0, 3, 1, 2}}, {x}, "channels_first"); }

}  // namespace espalier::models
