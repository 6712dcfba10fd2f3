// MobileNetV2. Sandler et al. 2018, "Inverted Residuals and Linear Bottlenecks" (arXiv 1801.04381).
// Checkpoint of reference: google/mobilenet_v2_1.0_224, whose weights were trained with TensorFlow's SAME
// padding.

#include <array>

#include "models/architecture.h"
#include "models/divisible.h"
#include "models/mobile_layers.h"

namespace espalier::models {

using namespace graph;

namespace {

struct MobileNetV2 {
    MobileStyle style;
    double multiplier, expand_ratio;
    std::int64_t divisor, least, output_stride;
    bool first_layer_is_expansion, finegrained_output;

    std::int64_t scaled(std::int64_t channels, double factor) const {
        const std::int64_t rounded = round_half_even(static_cast<double>(channels) * factor);
        return divisible(static_cast<double>(rounded), divisor, least);
    }
    std::int64_t width(std::int64_t channels) const { return scaled(channels, multiplier); }
};

MobileNetV2 read(const Config& config) {
    return {.style = {.activation = config.text("hidden_act", "relu6"),
                      .eps = config.number("layer_norm_eps", 1e-3, 0, 1),
                      .tf_padding = config.flag("tf_padding", true)},
            .multiplier = config.number("depth_multiplier", 1, 1e-3, 64),
            .expand_ratio = config.number("expand_ratio", 6, 1e-3, 64),
            .divisor = config.integer("depth_divisible_by", 8, {1, 1024}),
            .least = config.integer("min_depth", 8),
            .output_stride = config.integer("output_stride", 32),
            .first_layer_is_expansion = config.flag("first_layer_is_expansion", true),
            .finegrained_output = config.flag("finegrained_output", true)};
}

NodeId block(const MobileNetV2& net, const Scope& scope, NodeId x, std::int64_t out, std::int64_t stride,
             std::int64_t dilation) {
    const std::int64_t wide = net.scaled(scope.type(x).shape[1], net.expand_ratio);
    return inverted_residual(net.style, scope, x,
                             {.wide = wide, .out = out, .stride = stride, .dilation = dilation});
}

NodeId stem(const MobileNetV2& net, const Scope& scope, NodeId pixels) {
    const std::int64_t wide = net.width(32);
    const auto layer = [&](std::string_view name, NodeId x, const MobileConv& conv) {
        return conv_norm(net.style, scope / name, x, conv);
    };
    NodeId x = layer("first_conv", pixels, {.out = wide, .kernel = 3, .stride = 2});
    if (!net.first_layer_is_expansion) x = layer("expand_1x1", x, {.out = wide});
    x = layer("conv_3x3", x, {.out = wide, .kernel = 3, .depthwise = true});
    return layer("reduce_1x1", x, {.out = net.width(16), .activated = false});
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
            x = block(net, layer, x, net.width(out), 1, dilation);
            dilation *= stride;
        } else {
            x = block(net, layer, x, net.width(out), stride, 1);
            reached *= stride;
        }
    }
    const bool keep_wide = net.finegrained_output && net.multiplier < 1;
    x = conv_norm(net.style, scope / "conv_1x1", x, {.out = keep_wide ? 1280 : net.width(1280)});
    return (root / "classifier").linear(scope.global_average(x), classes);
}

}  // namespace espalier::models
