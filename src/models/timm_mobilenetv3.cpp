// timm's MobileNetV3. Howard et al. 2019, "Searching for MobileNetV3" (arXiv 1905.02244).
// Checkpoint of reference: timm/mobilenetv3_small_100.lamb_in1k; names with "tf_" are weights from
// TensorFlow.

#include <algorithm>
#include <array>

#include "models/timm_blocks.h"

namespace espalier::models {

using namespace graph;

namespace {

using enum TimmBlockKind;

/// Tables 1 and 2 of the paper: stage, kind, repeats, kernel, stride, expansion, channels,
/// squeeze-and-excitation, ReLU.
constexpr auto kLarge = std::to_array<TimmBlock>({{0, kSeparable, 1, 3, 1, 1, 16, false, true},
                                                  {1, kInverted, 1, 3, 2, 4, 24, false, true},
                                                  {1, kInverted, 1, 3, 1, 3, 24, false, true},
                                                  {2, kInverted, 3, 5, 2, 3, 40, true, true},
                                                  {3, kInverted, 1, 3, 2, 6, 80},
                                                  {3, kInverted, 1, 3, 1, 2.5, 80},
                                                  {3, kInverted, 2, 3, 1, 2.3, 80},
                                                  {4, kInverted, 2, 3, 1, 6, 112, true},
                                                  {5, kInverted, 3, 5, 2, 6, 160, true},
                                                  {6, kConv, 1, 1, 1, 1, 960}});
constexpr auto kSmall = std::to_array<TimmBlock>({{0, kSeparable, 1, 3, 2, 1, 16, true, true},
                                                  {1, kInverted, 1, 3, 2, 4.5, 24, false, true},
                                                  {1, kInverted, 1, 3, 1, 3.67, 24, false, true},
                                                  {2, kInverted, 1, 5, 2, 4, 40, true},
                                                  {2, kInverted, 2, 5, 1, 6, 40, true},
                                                  {3, kInverted, 2, 5, 1, 3, 48, true},
                                                  {4, kInverted, 3, 5, 2, 6, 96, true},
                                                  {5, kConv, 1, 1, 1, 1, 576}});

struct Spec {
    std::string_view name;
    bool large;
    double width, depth = 1;
};
constexpr auto kSpecs = std::to_array<Spec>({{"mobilenetv3_large_075", true, 0.75},
                                             {"mobilenetv3_large_100", true, 1},
                                             {"mobilenetv3_large_150d", true, 1.5, 1.2},
                                             {"mobilenetv3_small_050", false, 0.5},
                                             {"mobilenetv3_small_075", false, 0.75},
                                             {"mobilenetv3_small_100", false, 1}});

const Spec* find(std::string_view name) {
    if (name.starts_with("tf_")) name.remove_prefix(3);
    const auto found =
        std::find_if(kSpecs.begin(), kSpecs.end(), [&](const Spec& s) { return s.name == name; });
    return found == kSpecs.end() ? nullptr : &*found;
}

NodeId build(const TimmNetwork& network, const Scope& root, NodeId pixels, std::int64_t classes) {
    check_arguments(network,
                    {"in_chans", "channel_multiplier", "depth_multiplier", "bn_eps", "num_features"});
    const Spec& spec = *find(network.name);
    const TimmStyle style = timm_style(
        network, {.activation = "hardswish", .width = spec.width, .depth = spec.depth, .hard_squeeze = true});
    NodeId x = timm_stem(style, root, pixels, style.width < 0.75 ? 16 : style.channels(16));
    x = spec.large ? timm_blocks(style, root, x, kLarge) : timm_blocks(style, root, x, kSmall);
    // The last convolution comes behind the mean, which spares it all pixels but one ("efficient last
    // stage").
    x = (root / "global_pool").add(Reduce{.kind = ReduceKind::kMean, .axes = {2, 3}}, {x}, "average");
    const std::int64_t wide = network.arguments.integer("num_features", spec.large ? 1280 : 1024);
    x = (root / "conv_head").conv(x, {.out = wide, .bias = true});
    x = (root / "conv_head").activation(x, style.activation);
    return (root / "classifier").linear(root.add(Reshape{{0, -1}}, {x}, "flatten"), classes);
}

}  // namespace

const TimmFamily kTimmMobileNetV3{
    .names = "mobilenetv3_large_* and mobilenetv3_small_*",
    .knows = [](std::string_view name) { return find(name) != nullptr; },
    .build = build,
};

}  // namespace espalier::models
