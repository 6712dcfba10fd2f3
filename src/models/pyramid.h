#pragma once

#include "models/scope.h"

namespace espalier::models {

/// Parts that the pyramid transformers share: PVT (Wang et al. 2021, arXiv 2102.12122), PVTv2 (Wang et al.
/// 2021, arXiv 2106.13797) and SegFormer (Xie et al. 2021, arXiv 2105.15203).

/// An image as a sequence: tokens [n, height * width, c].
struct TokenMap {
    graph::NodeId tokens;
    std::int64_t height, width;
};

/// The tokens of an image [n, c, h, w].
TokenMap token_map(const Scope& scope, graph::NodeId image);
/// The image [n, c, h, w] of tokens.
graph::NodeId image_of(const Scope& scope, const TokenMap& x);

/// Square patches of `patch` pixels, `stride` apart, that overlap where patch > stride; padded by half a
/// patch.
Conv overlapping(std::int64_t width, std::int64_t patch, std::int64_t stride);

/// "layer_norm" of the tokens that the convolution `conv` makes of `ratio` x `ratio` pixels each; fewer keys
/// and values make attention over many pixels affordable.
graph::NodeId reduced_tokens(const Scope& scope, std::string_view conv, const TokenMap& x, std::int64_t ratio,
                             double eps);

/// Attention of x over the tokens `context`, without output projection: "query", "key", "value".
graph::NodeId attend_to(const Scope& scope, graph::NodeId x, graph::NodeId context, std::int64_t heads,
                        bool bias);

/// y = dense2(act(depthwise 3 x 3(dense1(x)))); the padding of the filter tells the network about positions.
/// rectified: with a ReLU behind dense1.
graph::NodeId mix_feed_forward(const Scope& scope, const TokenMap& x, std::int64_t hidden,
                               const std::string& activation, bool rectified = false);

}  // namespace espalier::models
