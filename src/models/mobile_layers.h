#pragma once

#include "models/scope.h"

namespace espalier::models {

/// What the convolutions of one mobile network have in common.
struct MobileStyle {
    std::string activation;
    double eps = 1e-5;        ///< of batch normalization
    bool tf_padding = false;  ///< pad as TensorFlow's SAME does, else the same on all sides
};

/// What distinguishes them.
struct MobileConv {
    std::int64_t out = 0;
    std::int64_t kernel = 1;
    std::int64_t stride = 1;
    std::int64_t dilation = 1;
    bool depthwise = false;
    bool activated = true;
};

/// "convolution" without a bias, "normalization", and the activation where conv.activated.
graph::NodeId conv_norm(const MobileStyle& style, const Scope& scope, graph::NodeId x,
                        const MobileConv& conv);

/// The shape of an inverted residual block.
struct InvertedResidual {
    std::int64_t wide = 0;  ///< channels between the first and the last convolution
    std::int64_t out = 0;
    std::int64_t stride = 1;
    std::int64_t dilation = 1;
};

/// "expand_1x1", "conv_3x3" on each channel, and "reduce_1x1" without activation (Sandler et al. 2018, fig.
/// 3b); the input is added where the shape is kept.
graph::NodeId inverted_residual(const MobileStyle& style, const Scope& scope, graph::NodeId x,
                                const InvertedResidual& block);

}  // namespace espalier::models
