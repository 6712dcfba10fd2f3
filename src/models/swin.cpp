// Swin Transformer. Liu et al. 2021, "Swin Transformer: Hierarchical Vision Transformer using Shifted
// Windows" (arXiv 2103.14030). Checkpoint of reference: microsoft/swin-tiny-patch4-window7-224.

#include <algorithm>

#include "models/architecture.h"
#include "models/attention.h"
#include "models/position_bias.h"
#include "models/swin_stages.h"

namespace espalier::models {

using namespace graph;

namespace {

/// Added to the scores between tokens that are no neighbours.
constexpr float kMasked = -100;

/// One window, not shifted, where the grid is not larger than a window.
Windows windows_of(const Swin& net, const Config& config, const Grid& grid, bool shifted) {
    const std::int64_t smaller = std::min(grid.height, grid.width);
    if (smaller < net.window) {
        config.wrong("window_size", fmt::format("at most {}, the smaller edge of a stage of {} x {} tokens",
                                                smaller, grid.height, grid.width));
    }
    const bool shift = shifted && smaller > net.window;
    return {grid, net.window, shift ? net.window / 2 : 0};
}

NodeId position_bias(const Scope& scope, const Windows& windows, std::int64_t heads) {
    const std::int64_t offsets = 2 * windows.edge - 1;
    const Tensor table =
        scope.values("relative_position_bias_table", {offsets * offsets, heads}, Role::kEmbedding);
    const Tensor bias = relative_position_bias(table, windows.edge);
    return scope.constant("bias", windows.shift > 0 ? masked_bias(bias, windows, kMasked) : bias);
}

/// Self-attention within each window, without the output projection.
NodeId window_attention(const Swin& net, const Scope& scope, NodeId x, const Windows& windows,
                        std::int64_t heads) {
    const std::int64_t width = scope.type(x).shape[2];
    const NodeId tokens = partition(scope, x, windows);
    const auto project = [&](std::string_view name) {
        return (scope / name).linear(tokens, width, net.qkv_bias);
    };
    const NodeId mixed = attend(scope, project("query"), project("key"), project("value"),
                                {.heads = heads,
                                 .scale = inverse_root_depth(width, heads),
                                 .bias = position_bias(scope, windows, heads)});
    return restore(scope, mixed, windows);
}

NodeId block(const Swin& net, const Config& config, const Scope& scope, const Tokens& x,
             const SwinPlace& place) {
    const Windows windows = windows_of(net, config, x.grid, place.shifted);
    const Scope attention = scope / "attention";
    const NodeId normalized = (scope / "layernorm_before").layer_norm(x.node, net.eps);
    const NodeId mixed =
        window_attention(net, attention / "self", normalized, windows, net.heads[place.stage]);
    const NodeId projected = (attention / "output" / "dense").linear(mixed, net.width_of(place.stage));
    const NodeId middle = attention.sum(projected, x.node);
    return scope.sum(swin_mlp(net, scope, (scope / "layernorm_after").layer_norm(middle, net.eps)), middle);
}

NodeId reduce(const Scope& scope, NodeId neighbours, std::int64_t width) {
    return (scope / "reduction").linear((scope / "norm").layer_norm(neighbours, kSwinInnerEps), width, false);
}

}  // namespace

Pixels swin_image_size(const Config& config) { return config.pixels("image_size", 224); }

NodeId build_swin(const Config& config, const Scope& root, NodeId pixels, std::int64_t classes) {
    const Swin net = read_swin(config);
    const SwinVersion version{
        .name = "swin",
        .block = [&](const Scope& scope, const Tokens& x,
                     const SwinPlace& place) { return block(net, config, scope, x, place); },
        .reduce = reduce};
    return build_swin_stages(net, version, root, pixels, classes);
}

}  // namespace espalier::models
