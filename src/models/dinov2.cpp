// DINOv2. Oquab et al. 2023, "DINOv2: Learning Robust Visual Features without Supervision" (arXiv
// 2304.07193), and Darcet et al. 2023, "Vision Transformers Need Registers" (arXiv 2309.16588). Checkpoints
// of reference: facebook/dinov2-small-imagenet1k-1-layer and its twin dinov2-with-registers, whose positions
// were learned for 518 pixels and which classify 224.

#include <cmath>

#include "base/error.h"
#include "models/architecture.h"
#include "models/interpolate.h"
#include "models/rows.h"
#include "models/vision_transformer.h"

namespace espalier::models {

using namespace graph;

namespace {

struct Dinov2 {
    VisionTransformer vit;
    std::int64_t hidden;
    bool gated;  ///< SwiGLU instead of two plain layers
    std::int64_t registers;
    Interpolation interpolation;
};

Dinov2 read(const Config& config, const VisionTransformerDefaults& defaults) {
    Dinov2 net{.vit = read_vision_transformer(config, defaults),
               .hidden = 0,
               .gated = config.flag("use_swiglu_ffn", false),
               .registers = 0,
               .interpolation = Interpolation::kBicubic};
    net.hidden =
        static_cast<std::int64_t>(static_cast<double>(net.vit.width) * config.number("mlp_ratio", 4, 0, 256));
    // Two thirds, so that three matrices cost as much as two, rounded up to a multiple of 8.
    if (net.gated) net.hidden = (net.hidden * 2 / 3 + 7) / 8 * 8;
    if (net.hidden < 1) config.wrong("mlp_ratio", "so large that the hidden layer has a width");
    return net;
}

/// The positions learned for the class token and every patch of training [1 + patches, width], resized to
/// `grid`. The reference takes the patches of training for a square, and keeps them as they are only for
/// square images.
Tensor positions(const Dinov2& net, const Scope& scope, const Shape& input) {
    const Pixels trained = grid_of(net.vit.image, net.vit.patch);
    const Pixels grid = grid_of({input[2], input[3]}, net.vit.patch);
    const std::int64_t count = trained.height * trained.width;
    const Tensor all = scope.values("position_embeddings", {1, 1 + count, net.vit.width}, Role::kEmbedding);
    if (grid.height * grid.width == count && input[2] == input[3]) return rows(all, 0, 1 + count);
    const auto side = static_cast<std::int64_t>(std::lround(std::sqrt(static_cast<double>(count))));
    if (side * side != count) {
        fail(
            "image_size and patch_size make {} positions, which are no square and cannot be resized to {} x "
            "{}",
            count, grid.height, grid.width);
    }
    const Tensor square = rows(all, 1, 1 + count).reshaped({side, side, net.vit.width});
    return stacked({rows(all, 0, 1), interpolate(square, grid, net.interpolation)});
}

/// [n, c, h, w] -> [n, 1 + registers + patches, width]; registers have no position.
NodeId embed(const Dinov2& net, const Scope& scope, NodeId pixels) {
    const std::int64_t width = net.vit.width;
    scope.declare_unused("mask_token", {1, width});
    const NodeId patches = embed_patches(net.vit, scope, pixels);
    const Tensor table = positions(net, scope, scope.type(pixels).shape);
    const std::int64_t count = scope.type(patches).shape[1];
    const Tensor cls = sum(scope.values("cls_token", {1, 1, width}, Role::kEmbedding), rows(table, 0, 1));
    const NodeId placed = scope.sum(
        patches, scope.constant("positions", rows(table, 1, 1 + count).reshaped({1, count, width})));
    if (net.registers == 0) return prepend(scope, cls.reshaped({1, width}), placed);
    const Tensor registers = scope.values("register_tokens", {1, net.registers, width}, Role::kEmbedding);
    return prepend(scope, stacked({cls, registers}), placed);
}

/// silu(a) * b for the halves a, b of one projection (Shazeer 2020, "GLU Variants Improve Transformer").
NodeId swiglu(const Scope& scope, NodeId x, std::int64_t hidden) {
    const NodeId both = (scope / "weights_in").linear(x, 2 * hidden);
    const NodeId gate = scope.add(Slice{.axis = 2, .begin = 0, .end = hidden}, {both}, "gate");
    const NodeId value = scope.add(Slice{.axis = 2, .begin = hidden, .end = 2 * hidden}, {both}, "value");
    return scope.product(scope.activation(gate, "silu"), value);
}

NodeId mlp(const Dinov2& net, const Scope& scope, NodeId x) {
    if (net.gated) return (scope / "weights_out").linear(swiglu(scope, x, net.hidden), net.vit.width);
    const NodeId active = scope.activation((scope / "fc1").linear(x, net.hidden), net.vit.activation);
    return (scope / "fc2").linear(active, net.vit.width);
}

NodeId layer(const Dinov2& net, const Scope& scope, NodeId x) {
    const NodeId normalized = (scope / "norm1").layer_norm(x, net.vit.eps);
    const NodeId attended = self_attention(net.vit, scope / "attention", normalized);
    x = (scope / "attention").sum((scope / "layer_scale1").scaled(attended, "lambda1"), x);
    const NodeId wide = mlp(net, scope / "mlp", (scope / "norm2").layer_norm(x, net.vit.eps));
    return (scope / "mlp").sum((scope / "layer_scale2").scaled(wide, "lambda1"), x);
}

/// The class token and the mean of the patches side by side, as DINOv2's linear probes take them.
/// (transformers 4.48 counts registers among the patches, later versions do not.)
NodeId features(const Dinov2& net, const Scope& scope, NodeId x) {
    const std::int64_t end = scope.type(x).shape[1];
    const NodeId patches =
        scope.add(Slice{.axis = 1, .begin = 1 + net.registers, .end = end}, {x}, "patches");
    return scope.add(Concat{.axis = 1}, {scope.token(x, 0), scope.mean_token(patches)}, "features");
}

NodeId build(const Dinov2& net, const Scope& root, const Scope& scope, NodeId pixels, std::int64_t classes) {
    NodeId x = embed(net, scope / "embeddings", pixels);
    for (std::int64_t i = 0; i < net.vit.layers; ++i) x = layer(net, scope / "encoder" / "layer" / i, x);
    x = (scope / "layernorm").layer_norm(x, net.vit.eps);
    return (root / "classifier").linear(features(net, scope, x), classes);
}

}  // namespace

Pixels dinov2_image_size(const Config& config) { return config.pixels("image_size", 224); }

NodeId build_dinov2(const Config& config, const Scope& root, NodeId pixels, std::int64_t classes) {
    const Dinov2 net = read(config, {.eps = 1e-6, .patch = 14});
    return build(net, root, root / "dinov2", pixels, classes);
}

NodeId build_dinov2_with_registers(const Config& config, const Scope& root, NodeId pixels,
                                   std::int64_t classes) {
    Dinov2 net = read(config, {.eps = 1e-6, .patch = 16});
    net.registers = config.integer("num_register_tokens", 4, {0, 1024});
    net.interpolation = Interpolation::kBicubicAntialias;
    return build(net, root, root / "dinov2_with_registers", pixels, classes);
}

}  // namespace espalier::models
