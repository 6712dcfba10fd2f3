// MobileNetV1. Howard et al. 2017, "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision
// Applications" (arXiv 1704.04861).
// Checkpoint of reference: google/mobilenet_v1_1.0_224, whose weights were trained with TensorFlow's SAME
// padding.

#include <algorithm>
#include <array>

#include "models/architecture.h"
#include "models/mobile_layers.h"

namespace espalier::models {

using namespace graph;

namespace {

struct MobileNetV1 {
    MobileStyle style;
    double multiplier;
    std::int64_t least;

    std::int64_t width(std::int64_t channels) const {
        return std::max(static_cast<std::int64_t>(static_cast<double>(channels) * multiplier), least);
    }
};

MobileNetV1 read(const Config& config) {
    return {.style = {.activation = config.text("hidden_act", "relu6"),
                      .eps = config.number("layer_norm_eps", 1e-3, 0, 1),
                      .tf_padding = config.flag("tf_padding", true)},
            .multiplier = config.number("depth_multiplier", 1, 1e-3, 64),
            .least = config.integer("min_depth", 8)};
}

/// Table 1 of the paper, one row per depthwise separable convolution behind the stem.
struct Block {
    std::int64_t out, stride;
};
constexpr std::array<Block, 13> kBlocks{{{64, 1},
                                         {128, 2},
                                         {128, 1},
                                         {256, 2},
                                         {256, 1},
                                         {512, 2},
                                         {512, 1},
                                         {512, 1},
                                         {512, 1},
                                         {512, 1},
                                         {512, 1},
                                         {1024, 2},
                                         {1024, 1}}};

}  // namespace

Pixels mobilenet_v1_image_size(const Config& config) { return config.pixels("image_size", 224); }

NodeId build_mobilenet_v1(const Config& config, const Scope& root, NodeId pixels, std::int64_t classes) {
    const MobileNetV1 net = read(config);
    const Scope scope = root / "mobilenet_v1";
    NodeId x =
        conv_norm(net.style, scope / "conv_stem", pixels, {.out = net.width(32), .kernel = 3, .stride = 2});
    std::int64_t layer = 0;
    for (const auto& [out, stride] : kBlocks) {
        const std::int64_t in = scope.type(x).shape[1];
        x = conv_norm(net.style, scope / "layer" / layer++, x,
                      {.out = in, .kernel = 3, .stride = stride, .depthwise = true});
        x = conv_norm(net.style, scope / "layer" / layer++, x, {.out = net.width(out)});
    }
    return (root / "classifier").linear(scope.global_average(x), classes);
}

}  // namespace espalier::models
