// timm's EfficientNets. Tan and Le 2019 (arXiv 1905.11946). Checkpoint of reference:
// timm/efficientnet_b0.ra_in1k; names with "tf_" are weights from TensorFlow.

#include <algorithm>
#include <array>

#include "models/timm_blocks.h"

namespace espalier::models {

using namespace graph;

namespace {

using enum TimmBlockKind;

/// Table 1 of the paper: stage, kind, repeats, kernel, stride, expansion, channels, squeeze-and-excitation.
constexpr auto kBlocks = std::to_array<TimmBlock>({{0, kSeparable, 1, 3, 1, 1, 16, true},
                                                   {1, kInverted, 2, 3, 2, 6, 24, true},
                                                   {2, kInverted, 2, 5, 2, 6, 40, true},
                                                   {3, kInverted, 3, 3, 2, 6, 80, true},
                                                   {4, kInverted, 3, 5, 1, 6, 112, true},
                                                   {5, kInverted, 4, 5, 2, 6, 192, true},
                                                   {6, kInverted, 1, 3, 1, 6, 320, true}});

/// Compound scaling by name.
struct Scale {
    std::string_view name;
    double width, depth;
};
constexpr auto kScales = std::to_array<Scale>({{"efficientnet_b0", 1.0, 1.0},
                                               {"efficientnet_b1", 1.0, 1.1},
                                               {"efficientnet_b2", 1.1, 1.2},
                                               {"efficientnet_b3", 1.2, 1.4},
                                               {"efficientnet_b4", 1.4, 1.8},
                                               {"efficientnet_b5", 1.6, 2.2},
                                               {"efficientnet_b6", 1.8, 2.6},
                                               {"efficientnet_b7", 2.0, 3.1},
                                               {"efficientnet_b8", 2.2, 3.6},
                                               {"efficientnet_l2", 4.3, 5.3}});

const Scale* find(std::string_view name) {
    if (name.starts_with("tf_")) name.remove_prefix(3);
    const auto found =
        std::find_if(kScales.begin(), kScales.end(), [&](const Scale& s) { return s.name == name; });
    return found == kScales.end() ? nullptr : &*found;
}

NodeId build(const TimmNetwork& network, const Scope& root, NodeId pixels, std::int64_t classes) {
    check_arguments(network, {"in_chans", "channel_multiplier", "depth_multiplier", "bn_eps"});
    const Scale& scale = *find(network.name);
    const TimmStyle style =
        timm_style(network, {.activation = "silu", .width = scale.width, .depth = scale.depth});
    NodeId x = timm_stem(style, root, pixels, style.channels(32));
    x = timm_blocks(style, root, x, kBlocks);
    x = (root / "bn2").batch_norm((root / "conv_head").conv(x, {.out = style.channels(1280)}), style.eps);
    x = (root / "bn2").activation(x, style.activation);
    return (root / "classifier").linear((root / "global_pool").global_average(x), classes);
}

}  // namespace

const TimmFamily kTimmEfficientNet{
    .names = "efficientnet_b0 to _b8 and _l2",
    .knows = [](std::string_view name) { return find(name) != nullptr; },
    .build = build,
};

}  // namespace espalier::models
