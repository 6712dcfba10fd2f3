#include "models/mobile_layers.h"

#include "models/same_padding.h"

namespace espalier::models {

using namespace graph;

NodeId conv_norm(const MobileStyle& style, const Scope& scope, NodeId x, const MobileConv& conv) {
    const Quad pad = style.tf_padding
                         ? same_padding(scope.type(x).shape, conv.kernel, conv.stride, conv.dilation)
                         : symmetric_padding(conv.kernel, conv.dilation);
    const NodeId y = (scope / "convolution")
                         .conv(x, {.out = conv.out,
                                   .kernel = {conv.kernel, conv.kernel},
                                   .stride = {conv.stride, conv.stride},
                                   .pad = pad,
                                   .dilation = {conv.dilation, conv.dilation},
                                   .groups = conv.depthwise ? conv.out : 1});
    const NodeId normalized = (scope / "normalization").batch_norm(y, style.eps);
    return conv.activated ? scope.activation(normalized, style.activation) : normalized;
}

NodeId inverted_residual(const MobileStyle& style, const Scope& scope, NodeId x,
                         const InvertedResidual& block) {
    NodeId y = conv_norm(style, scope / "expand_1x1", x, {.out = block.wide});
    y = conv_norm(style, scope / "conv_3x3", y,
                  {.out = block.wide,
                   .kernel = 3,
                   .stride = block.stride,
                   .dilation = block.dilation,
                   .depthwise = true});
    y = conv_norm(style, scope / "reduce_1x1", y, {.out = block.out, .activated = false});
    return block.stride == 1 && scope.type(x).shape[1] == block.out ? scope.sum(x, y) : y;
}

}  // namespace espalier::models
