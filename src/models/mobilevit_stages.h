#pragma once

#include <array>
#include <functional>

#include "models/config.h"
#include "models/mobile_layers.h"

namespace espalier::models {

/// Options that MobileViT and MobileViTV2 share, and where their classes differ in the defaults.
struct MobileViTStyle {
    MobileStyle conv;
    double expand_ratio;
    std::int64_t kernel;  ///< of the local convolutions
    std::int64_t patch;   ///< edge of a patch in pixels
    std::int64_t output_stride;
};
struct MobileViTDefaults {
    std::string_view activation;
    double expand_ratio;
};
MobileViTStyle read_mobilevit_style(const Config& config, const MobileViTDefaults& defaults);

/// A stage with a transformer of `width` channels and `layers` layers, and `out` channels outside of it.
struct MobileViTStage {
    std::int64_t out, width, layers;
};

/// Channels of the stem, of the two stages of inverted residuals, and the stages behind them.
struct MobileViTStages {
    std::int64_t stem, narrow, middle, middle_blocks;
    std::array<MobileViTStage, 3> hybrid;
};

/// "conv_stem", and the "encoder" of five stages: one inverted residual, `middle_blocks` of them, and three
/// times one that halves the image with `block` behind it. Where the output stride is reached, dilation takes
/// the place of further strides.
graph::NodeId mobilevit_stages(
    const MobileViTStyle& style, const Scope& scope, graph::NodeId pixels, const MobileViTStages& stages,
    const std::function<graph::NodeId(const Scope&, graph::NodeId, const MobileViTStage&)>& block);

}  // namespace espalier::models
