// MobileViT. Mehta and Rastegari 2021, "MobileViT: Light-weight, General-purpose, and Mobile-friendly Vision
// Transformer" (arXiv 2110.02178).
// Checkpoints of reference: apple/mobilevit-small, apple/mobilevit-xx-small.

#include "base/error.h"
#include "models/architecture.h"
#include "models/attention.h"
#include "models/mobilevit_stages.h"
#include "models/patches.h"
#include "models/resize_bilinear.h"

namespace espalier::models {

using namespace graph;

namespace {

struct MobileViT {
    MobileViTStyle style;
    std::vector<std::int64_t> widths;  ///< of the transformers
    std::vector<std::int64_t> necks;   ///< channels of the stem, of the five stages, and of the features
    std::int64_t heads;
    double mlp_ratio, eps;
    bool qkv_bias;

    std::int64_t hidden(std::int64_t width) const {
        return static_cast<std::int64_t>(static_cast<double>(width) * mlp_ratio);
    }
};

MobileViT read(const Config& config) {
    MobileViT net{.style = read_mobilevit_style(config, {.activation = "silu", .expand_ratio = 4}),
                  .widths = config.integers("hidden_sizes", {144, 192, 240}, {}, {3, 3}),
                  .necks = config.integers("neck_hidden_sizes", {16, 32, 64, 96, 128, 160, 640}, {}, {7, 7}),
                  .heads = config.integer("num_attention_heads", 4),
                  .mlp_ratio = config.number("mlp_ratio", 2, 0, 64),
                  .eps = config.number("layer_norm_eps", 1e-5, 0, 1),
                  .qkv_bias = config.flag("qkv_bias", true)};
    if (net.style.kernel % 2 == 0) config.wrong("conv_kernel_size", "odd, so that images keep their size");
    for (const std::int64_t width : net.widths) {
        if (width % net.heads != 0) config.wrong("hidden_sizes", "multiples of num_attention_heads");
        if (net.hidden(width) < 1) config.wrong("mlp_ratio", "large enough to leave hidden channels");
    }
    return net;
}

/// Self-attention and its output projection.
NodeId self_attention(const MobileViT& net, const Scope& scope, NodeId x) {
    const Scope self = scope / "attention";
    const std::int64_t width = scope.type(x).shape.back();
    const auto project = [&](std::string_view name) { return (self / name).linear(x, width, net.qkv_bias); };
    const NodeId mixed = attend(self, project("query"), project("key"), project("value"),
                                {.heads = net.heads, .scale = inverse_root_depth(width, net.heads)});
    return (scope / "output" / "dense").linear(mixed, width);
}

NodeId transformer_layer(const MobileViT& net, const Scope& scope, NodeId x) {
    const std::int64_t width = scope.type(x).shape.back();
    const NodeId normalized = (scope / "layernorm_before").layer_norm(x, net.eps);
    const NodeId middle = (scope / "attention").sum(self_attention(net, scope / "attention", normalized), x);
    const NodeId wide =
        (scope / "intermediate" / "dense")
            .linear((scope / "layernorm_after").layer_norm(middle, net.eps), net.hidden(width));
    const NodeId active = (scope / "intermediate").activation(wide, net.style.conv.activation);
    return (scope / "output").sum((scope / "output" / "dense").linear(active, width), middle);
}

/// Transformer layers over the pixels of equal place in all patches. Images that do not divide into patches
/// are stretched before and shrunk behind.
NodeId transform(const MobileViT& net, const Scope& scope, NodeId x, std::int64_t layers) {
    const std::int64_t edge = net.style.patch;
    const Shape image = scope.type(x).shape;
    const std::int64_t height = (image[2] + edge - 1) / edge * edge;
    const std::int64_t width = (image[3] + edge - 1) / edge * edge;
    const NodeId patches =
        unfold(scope / "unfold", resize_bilinear(scope / "stretch", x, height, width), edge);
    const Shape shape = scope.type(patches).shape;
    NodeId y = scope.add(Reshape{{-1, shape[2], shape[3]}}, {patches}, "sequences");
    for (std::int64_t i = 0; i < layers; ++i)
        y = transformer_layer(net, scope / "transformer" / "layer" / i, y);
    y = (scope / "layernorm").layer_norm(y, net.eps);
    y = scope.add(Reshape{{-1, shape[1], shape[2], shape[3]}}, {y}, "patches");
    return resize_bilinear(scope / "shrink", fold(scope / "fold", y, edge, height, width), image[2],
                           image[3]);
}

/// Local features by a convolution, global ones by a transformer, and both together by another convolution.
NodeId block(const MobileViT& net, const Scope& scope, NodeId x, const MobileViTStage& stage) {
    const MobileStyle& style = net.style.conv;
    const std::int64_t channels = scope.type(x).shape[1];
    NodeId y = conv_norm(style, scope / "conv_kxk", x, {.out = channels, .kernel = net.style.kernel});
    y = (scope / "conv_1x1" / "convolution").conv(y, {.out = stage.width});
    y = transform(net, scope, y, stage.layers);
    y = conv_norm(style, scope / "conv_projection", y, {.out = channels});
    const NodeId both = scope.add(Concat{.axis = 1}, {x, y}, "both");
    return conv_norm(style, scope / "fusion", both, {.out = channels, .kernel = net.style.kernel});
}

}  // namespace

Pixels mobilevit_image_size(const Config& config) { return config.pixels("image_size", 256); }

NodeId build_mobilevit(const Config& config, const Scope& root, NodeId pixels, std::int64_t classes) {
    const MobileViT net = read(config);
    const Scope scope = root / "mobilevit";
    const auto stage = [&](std::size_t i, std::int64_t layers) {
        return MobileViTStage{.out = net.necks[3 + i], .width = net.widths[i], .layers = layers};
    };
    const MobileViTStages stages{.stem = net.necks[0],
                                 .narrow = net.necks[1],
                                 .middle = net.necks[2],
                                 .middle_blocks = 3,
                                 .hybrid = {stage(0, 2), stage(1, 4), stage(2, 3)}};
    NodeId x = mobilevit_stages(
        net.style, scope, pixels, stages,
        [&](const Scope& place, NodeId in, const MobileViTStage& s) { return block(net, place, in, s); });
    x = conv_norm(net.style.conv, scope / "conv_1x1_exp", x, {.out = net.necks[6]});
    return (root / "classifier").linear(scope.global_average(x), classes);
}

}  // namespace espalier::models
