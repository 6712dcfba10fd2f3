// MobileNetV2. Sandler et al. 2018, "Inverted Residuals and Linear Bottlenecks" (arXiv 1801.04381).
// Checkpoint of reference: google/mobilenet_v2_1.0_224, whose weights were trained with TensorFlow's SAME
// padding.

#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"
#include "models/architecture.h"

namespace espalier::models {

using namespace graph;

namespace {

struct MobileNetV2 {
    double multiplier, expand_ratio, eps;
    std::int64_t divisor, least, output_stride;
    bool first_layer_is_expansion, finegrained_output, tf_padding;
    std::string activation;

    /// The multiple of `divisor` nearest to `value`, at least `least`, and not more than 10 % below `value`.
    std::int64_t divisible(std::int64_t value) const {
        const auto v = static_cast<double>(value);
        const auto rounded =
            static_cast<std::int64_t>(v + static_cast<double>(divisor) / 2) / divisor * divisor;
        const std::int64_t channels = std::max(least, rounded);
        return static_cast<double>(channels) < 0.9 * v ? channels + divisor : channels;
    }
    /// Python's round(): halves go to the even neighbour, as nearbyint does by default.
    std::int64_t scaled(std::int64_t channels, double factor) const {
        return divisible(static_cast<std::int64_t>(std::nearbyint(static_cast<double>(channels) * factor)));
    }
    std::int64_t width(std::int64_t channels) const { return scaled(channels, multiplier); }
};

MobileNetV2 read(const Config& config) {
    return {.multiplier = config.number("depth_multiplier", 1, 1e-3, 64),
            .expand_ratio = config.number("expand_ratio", 6, 1e-3, 64),
            .eps = config.number("layer_norm_eps", 1e-3, 0, 1),
            .divisor = config.integer("depth_divisible_by", 8, {1, 1024}),
            .least = config.integer("min_depth", 8),
            .output_stride = config.integer("output_stride", 32),
            .first_layer_is_expansion = config.flag("first_layer_is_expansion", true),
            .finegrained_output = config.flag("finegrained_output", true),
            .tf_padding = config.flag("tf_padding", true),
            .activation = config.text("hidden_act", "relu6")};
}

/// Padding before and after one axis so that ceil(extent / stride) results come out; the odd pixel goes
/// behind.
Pair same_padding(std::int64_t extent, std::int64_t kernel, std::int64_t stride, std::int64_t dilation) {
    const std::int64_t rest = extent % stride == 0 ? stride : extent % stride;
    const std::int64_t total = std::max<std::int64_t>(kernel - rest, 0);
    return {total / 2 * dilation, (total - total / 2) * dilation};
}

Quad padding(const MobileNetV2& net, const Shape& x, std::int64_t kernel, std::int64_t stride,
             std::int64_t dilation) {
    if (!net.tf_padding) {
        const std::int64_t pad = (kernel - 1) / 2 * dilation;
        return {pad, pad, pad, pad};
    }
    const Pair rows = same_padding(x[2], kernel, stride, dilation);
    const Pair columns = same_padding(x[3], kernel, stride, dilation);
    return {rows[0], columns[0], rows[1], columns[1]};
}

/// What distinguishes the convolutions of this network.
struct Layer {
    std::int64_t out = 0;
    std::int64_t kernel = 1;
    std::int64_t stride = 1;
    std::int64_t dilation = 1;
    bool depthwise = false;
    bool activated = true;
};

NodeId conv_norm(const MobileNetV2& net, const Scope& scope, NodeId x, const Layer& layer) {
    const NodeId y =
        (scope / "convolution")
            .conv(x, {.out = layer.out,
                      .kernel = {layer.kernel, layer.kernel},
                      .stride = {layer.stride, layer.stride},
                      .pad = padding(net, scope.type(x).shape, layer.kernel, layer.stride, layer.dilation),
                      .dilation = {layer.dilation, layer.dilation},
                      .groups = layer.depthwise ? layer.out : 1});
    const NodeId normalized = (scope / "normalization").batch_norm(y, net.eps);
    return layer.activated ? scope.activation(normalized, net.activation) : normalized;
}

/// Expand, filter per channel, project; the input is added where the shape is kept.
NodeId inverted_residual(const MobileNetV2& net, const Scope& scope, NodeId x, std::int64_t out,
                         std::int64_t stride, std::int64_t dilation) {
    const std::int64_t in = scope.type(x).shape[1];
    const std::int64_t wide = net.scaled(in, net.expand_ratio);
    NodeId y = conv_norm(net, scope / "expand_1x1", x, {.out = wide});
    y = conv_norm(net, scope / "conv_3x3", y,
                  {.out = wide, .kernel = 3, .stride = stride, .dilation = dilation, .depthwise = true});
    y = conv_norm(net, scope / "reduce_1x1", y, {.out = out, .activated = false});
    return stride == 1 && in == out ? scope.sum(x, y) : y;
}

NodeId stem(const MobileNetV2& net, const Scope& scope, NodeId pixels) {
    const std::int64_t wide = net.width(32);
    NodeId x = conv_norm(net, scope / "first_conv", pixels, {.out = wide, .kernel = 3, .stride = 2});
    if (!net.first_layer_is_expansion) x = conv_norm(net, scope / "expand_1x1", x, {.out = wide});
    x = conv_norm(net, scope / "conv_3x3", x, {.out = wide, .kernel = 3, .depthwise = true});
    return conv_norm(net, scope / "reduce_1x1", x, {.out = net.width(16), .activated = false});
}

/// Table 2 of the paper, one row per block behind the stem.
struct Block {
    std::int64_t out, stride;
};
constexpr std::array<Block, 16> kBlocks{{{24, 2},
                                         {24, 1},
                                         {32, 2},
                                         {32, 1},
                                         {32, 1},
                                         {64, 2},
                                         {64, 1},
                                         {64, 1},
                                         {64, 1},
                                         {96, 1},
                                         {96, 1},
                                         {96, 1},
                                         {160, 2},
                                         {160, 1},
                                         {160, 1},
                                         {320, 1}}};

}  // namespace

Pixels mobilenet_v2_image_size(const Config& config) { return config.pixels("image_size", 224); }

NodeId build_mobilenet_v2(const Config& config, const Scope& root, NodeId pixels, std::int64_t classes) {
    const MobileNetV2 net = read(config);
    const Scope scope = root / "mobilenet_v2";
    NodeId x = stem(net, scope / "conv_stem", pixels);
    // Once the output stride is reached, later strides become dilations of the blocks behind them.
    std::int64_t reached = 2;
    std::int64_t dilation = 1;
    for (std::size_t i = 0; i < kBlocks.size(); ++i) {
        const auto [out, stride] = kBlocks[i];
        const Scope layer = scope / "layer" / static_cast<std::int64_t>(i);
        if (reached == net.output_stride) {
            x = inverted_residual(net, layer, x, net.width(out), 1, dilation);
            dilation *= stride;
        } else {
            x = inverted_residual(net, layer, x, net.width(out), stride, 1);
            reached *= stride;
        }
    }
    const bool keep_wide = net.finegrained_output && net.multiplier < 1;
    x = conv_norm(net, scope / "conv_1x1", x, {.out = keep_wide ? 1280 : net.width(1280)});
    return (root / "classifier").linear(scope.global_average(x), classes);
}

}  // namespace espalier::models
