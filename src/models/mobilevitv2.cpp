// MobileViTV2. Mehta and Rastegari 2022, "Separable Self-attention for Mobile Vision Transformers"
// (arXiv 2206.02680).
// Checkpoint of reference: apple/mobilevitv2-1.0-imagenet1k-256.

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "models/architecture.h"
#include "models/divisible.h"
#include "models/mobilevit_stages.h"
#include "models/patches.h"

namespace espalier::models {

using namespace graph;

namespace {

struct MobileViTV2 {
    MobileViTStyle style;
    double multiplier, ffn_multiplier, eps;
    std::vector<std::int64_t> widths, layers;

    std::int64_t width(std::int64_t channels, std::int64_t divisor = 8) const {
        return divisible(static_cast<double>(channels) * multiplier, divisor);
    }
    /// Hidden channels of the feed-forward part: a multiple of 16.
    std::int64_t hidden(std::int64_t channels) const {
        return static_cast<std::int64_t>(std::floor(ffn_multiplier * static_cast<double>(channels) / 16)) *
               16;
    }
};

MobileViTV2 read(const Config& config) {
    MobileViTV2 net{.style = read_mobilevit_style(config, {.activation = "swish", .expand_ratio = 2}),
                    .multiplier = config.number("width_multiplier", 1, 1e-3, 64),
                    .ffn_multiplier = config.number("ffn_multiplier", 2, 0, 64),
                    .eps = config.number("layer_norm_eps", 1e-5, 0, 1),
                    .widths = config.integers("base_attn_unit_dims", {128, 192, 256}, {}, {3, 3}),
                    .layers = config.integers("n_attn_blocks", {2, 4, 3}, {0, 64}, {3, 3})};
    for (std::int64_t& width : net.widths) {
        width = net.width(width);
        if (net.hidden(width) < 16)
            config.wrong("ffn_multiplier", "large enough to leave 16 hidden channels");
    }
    return net;
}

/// A 1x1 convolution of patches [n, place, patch, c], whose weights the checkpoint keeps as [out, c, 1, 1].
NodeId pointwise(const Scope& scope, NodeId x, std::int64_t out) {
    const Scope place = scope / "convolution";
    const std::int64_t in = scope.type(x).shape.back();
    const Tensor weights = place.values("weight", {out, in, 1, 1}, Role::kMatrix).reshaped({out, in});
    return place.add(Linear{},
                     {x, place.constant("weight", weights), place.weight("bias", {out}, Role::kShift)});
}

/// Over all places, patches and channels of an image, with a gain and a shift for each channel (a group
/// normalization of one group).
NodeId norm(const MobileViTV2& net, const Scope& scope, NodeId x) {
    const Shape shape = scope.type(x).shape;
    NodeId y = scope.add(Reshape{{0, -1}}, {x}, "flat");
    y = scope.add(LayerNorm{.eps = net.eps}, {y}, "normalized");
    y = scope.add(Reshape{{0, shape[1], shape[2], shape[3]}}, {y}, "patches");
    y = scope.product(y, scope.weight("weight", {shape[3]}, Role::kGain));
    return scope.sum(y, scope.weight("bias", {shape[3]}, Role::kShift));
}

/// Fig. 4c of the paper: a score per patch weighs the keys into one context, which multiplies each value.
NodeId separable_attention(const Scope& scope, NodeId x) {
    const Shape shape = scope.type(x).shape;
    const std::int64_t width = shape[3];
    const NodeId qkv = pointwise(scope / "qkv_proj", x, 1 + 2 * width);
    const auto part = [&](std::string_view name, std::int64_t begin, std::int64_t count) {
        return scope.add(Slice{.axis = 3, .begin = begin, .end = begin + count}, {qkv}, name);
    };
    const NodeId query = scope.add(Reshape{{0, shape[1], 1, shape[2]}}, {part("query", 0, 1)}, "query_row");
    const NodeId scores = scope.add(Softmax{.axis = -1}, {query}, "scores");
    const NodeId context = scope.add(MatMul{}, {scores, part("key", 1, width)}, "context");
    const NodeId value = scope.activation(part("value", 1 + width, width), "relu");
    return pointwise(scope / "out_proj", scope.product(value, context), width);
}

NodeId transformer_layer(const MobileViTV2& net, const Scope& scope, NodeId x) {
    const std::int64_t width = scope.type(x).shape.back();
    const NodeId attended =
        separable_attention(scope / "attention", norm(net, scope / "layernorm_before", x));
    const NodeId middle = (scope / "attention").sum(attended, x);
    const Scope ffn = scope / "ffn";
    const NodeId wide =
        pointwise(ffn / "conv1", norm(net, scope / "layernorm_after", middle), net.hidden(width));
    const NodeId active = (ffn / "conv1").activation(wide, net.style.conv.activation);
    return ffn.sum(pointwise(ffn / "conv2", active, width), middle);
}

/// Transformer layers over whole patches; pixels that do not fill a patch become zeros, as torch's fold
/// leaves them.
NodeId transform(const MobileViTV2& net, const Scope& scope, NodeId x, std::int64_t layers) {
    const std::int64_t edge = net.style.patch;
    const Shape image = scope.type(x).shape;
    const std::int64_t height = image[2] / edge * edge;
    const std::int64_t width = image[3] / edge * edge;
    if (height == 0 || width == 0) {
        fail("an image of {} x {} pixels inside the network is smaller than a patch ('patch_size' is {})",
             image[2], image[3], edge);
    }
    if (height != image[2]) x = scope.add(Slice{.axis = 2, .begin = 0, .end = height}, {x}, "whole_rows");
    if (width != image[3]) x = scope.add(Slice{.axis = 3, .begin = 0, .end = width}, {x}, "whole_columns");
    NodeId y = unfold(scope / "unfold", x, edge);
    for (std::int64_t i = 0; i < layers; ++i)
        y = transformer_layer(net, scope / "transformer" / "layer" / i, y);
    y = fold(scope / "fold", norm(net, scope / "layernorm", y), edge, height, width);
    if (height == image[2] && width == image[3]) return y;
    const Pad rest{.before = {0, 0, 0, 0}, .after = {0, 0, image[2] - height, image[3] - width}};
    return scope.add(rest, {y}, "rest");
}

/// Local features by a depthwise convolution, then global ones by a transformer.
NodeId block(const MobileViTV2& net, const Scope& scope, NodeId x, const MobileViTStage& stage) {
    const MobileStyle& style = net.style.conv;
    const std::int64_t channels = scope.type(x).shape[1];
    NodeId y = conv_norm(style, scope / "conv_kxk", x,
                         {.out = channels, .kernel = net.style.kernel, .depthwise = true});
    y = (scope / "conv_1x1" / "convolution").conv(y, {.out = stage.width});
    y = transform(net, scope, y, stage.layers);
    return conv_norm(style, scope / "conv_projection", y, {.out = channels, .activated = false});
}

}  // namespace

Pixels mobilevitv2_image_size(const Config& config) { return config.pixels("image_size", 256); }

NodeId build_mobilevitv2(const Config& config, const Scope& root, NodeId pixels, std::int64_t classes) {
    const MobileViTV2 net = read(config);
    const Scope scope = root / "mobilevitv2";
    const auto stage = [&](std::size_t i, std::int64_t channels) {
        return MobileViTStage{.out = net.width(channels), .width = net.widths[i], .layers = net.layers[i]};
    };
    const MobileViTStages stages{.stem = divisible(std::clamp(32 * net.multiplier, 16.0, 64.0), 8, 16),
                                 .narrow = net.width(64, 16),
                                 .middle = net.width(128),
                                 .middle_blocks = 2,
                                 .hybrid = {stage(0, 256), stage(1, 384), stage(2, 512)}};
    const NodeId x = mobilevit_stages(
        net.style, scope, pixels, stages,
        [&](const Scope& place, NodeId in, const MobileViTStage& s) { return block(net, place, in, s); });
    return (root / "classifier").linear(scope.global_average(x), classes);
}

}  // namespace espalier::models
