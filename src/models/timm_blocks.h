#pragma once

#include <span>
#include <string_view>

#include "models/timm.h"

namespace espalier::models {

enum class TimmBlockKind {
    kConv,       ///< convolution, normalization, activation
    kSeparable,  ///< depthwise convolution, then a projection
    kInverted    ///< expansion, depthwise convolution, projection
};

/// A row of the definition of a network: `repeats` equal blocks, of which the first of a stage has the
/// stride.
struct TimmBlock {
    std::int64_t stage;
    TimmBlockKind kind;
    std::int64_t repeats, kernel, stride;
    double expansion;
    std::int64_t out;  ///< channels before scaling
    bool squeeze = false;
    bool relu = false;  ///< instead of the network's activation
};

/// What all blocks of a network have in common.
struct TimmStyle {
    std::string activation;
    double width = 1, depth = 1;  ///< factors on channels and repeats
    double eps = 1e-5;
    bool same_padding = false;  ///< TensorFlow's SAME, else the same on all sides
    /// MobileNetV3 counts the narrow channels of squeeze-and-excitation from the expanded ones in multiples
    /// of 8, with ReLU and a hard sigmoid; EfficientNet from the block's input, with its own activation and a
    /// sigmoid.
    bool hard_squeeze = false;

    std::int64_t channels(std::int64_t unscaled) const;
};

/// `style` with what a name implies beyond it: "tf_" stands for weights from TensorFlow, with its padding and
/// epsilon. The arguments "channel_multiplier", "depth_multiplier" and "bn_eps" replace what the name
/// implies.
TimmStyle timm_style(const TimmNetwork& network, TimmStyle style);

/// "conv_stem", a 3x3 convolution that halves the image, "bn1" and the activation.
graph::NodeId timm_stem(const TimmStyle& style, const Scope& root, graph::NodeId pixels, std::int64_t out);

/// "blocks.<stage>.<i>" of all rows.
graph::NodeId timm_blocks(const TimmStyle& style, const Scope& scope, graph::NodeId x,
                          std::span<const TimmBlock> rows);

}  // namespace espalier::models
