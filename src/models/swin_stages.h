#pragma once

#include <functional>

#include "models/config.h"
#include "models/windows.h"

namespace espalier::models {

/// What Swin and Swin v2 have in common; see swin.cpp and swinv2.cpp.
struct Swin {
    std::int64_t width, window;
    std::vector<std::int64_t> depths, heads;
    double mlp_ratio, eps;
    bool qkv_bias;
    std::string activation;
    Pixels image, patch;

    std::int64_t width_of(std::size_t stage) const { return width << stage; }
};

/// Epsilon of the norms of the embedding and of merging, which the configuration cannot change.
inline constexpr double kSwinInnerEps = 1e-5;

/// Throws Error naming the key that does not fit.
Swin read_swin(const Config& config);

/// Where a block stands.
struct SwinPlace {
    std::size_t stage = 0;
    bool shifted = false;  ///< every second block
};

/// What distinguishes the two versions.
struct SwinVersion {
    std::string_view name;  ///< scope of everything but the head
    /// A block: tokens to tokens of the same shape.
    std::function<graph::NodeId(const Scope& scope, const Tokens& x, const SwinPlace& place)> block;
    /// Behind each stage but the last: [n, t, 4 * c] -> [n, t, 2 * c].
    std::function<graph::NodeId(const Scope& scope, graph::NodeId neighbours, std::int64_t width)> reduce;
};

/// linear(activation(linear(x)))
graph::NodeId swin_mlp(const Swin& net, const Scope& scope, graph::NodeId x);

/// Patch embedding, stages, mean over the tokens, head: pixels to logits.
graph::NodeId build_swin_stages(const Swin& net, const SwinVersion& version, const Scope& root,
                                graph::NodeId pixels, std::int64_t classes);

}  // namespace espalier::models
