#include "models/swin_stages.h"

#include "base/error.h"

namespace espalier::models {

using namespace graph;

namespace {

/// Pixels of zeros that complete the last patch of an axis.
std::int64_t missing(std::int64_t extent, std::int64_t patch) { return (patch - extent % patch) % patch; }

Tokens embed(const Swin& net, const Scope& scope, NodeId pixels) {
    const Shape input = scope.type(pixels).shape;
    const Pair patch{net.patch.height, net.patch.width};
    const NodeId patches =
        (scope / "patch_embeddings" / "projection")
            .conv(pixels, {.out = net.width,
                           .kernel = patch,
                           .stride = patch,
                           .pad = {0, 0, missing(input[2], patch[0]), missing(input[3], patch[1])},
                           .bias = true});
    const Shape grid = scope.type(patches).shape;
    return {(scope / "norm").layer_norm(scope.tokens(patches), kSwinInnerEps), {grid[2], grid[3]}};
}

Tokens merge(const SwinVersion& version, const Scope& scope, const Tokens& x) {
    const std::int64_t width = 2 * scope.type(x.node).shape[2];
    const Tokens neighbours = merge_neighbours(scope, x);
    return {version.reduce(scope, neighbours.node, width), neighbours.grid};
}

}  // namespace

Swin read_swin(const Config& config) {
    Swin net{.width = config.integer("embed_dim", 96),
             .window = config.integer("window_size", 7, {1, 64}),
             .depths = config.integers("depths", {2, 2, 6, 2}, {1, 256}, {1, 8}),
             .heads = config.integers("num_heads", {3, 6, 12, 24}, {1, 1024}, {1, 8}),
             .mlp_ratio = config.number("mlp_ratio", 4, 1e-3, 64),
             .eps = config.number("layer_norm_eps", 1e-5, 0, 1),
             .qkv_bias = config.flag("qkv_bias", true),
             .activation = config.text("hidden_act", "gelu"),
             .image = config.pixels("image_size", 224),
             .patch = config.pixels("patch_size", 4)};
    if (net.heads.size() < net.depths.size()) {
        config.wrong("num_heads", fmt::format("as long as depths, which has {} stages", net.depths.size()));
    }
    for (std::size_t stage = 0; stage < net.depths.size(); ++stage) {
        if (net.width_of(stage) % net.heads[stage] != 0) {
            config.wrong("num_heads", fmt::format("divisors of the stages' widths, but {} does not divide {}",
                                                  net.heads[stage], net.width_of(stage)));
        }
    }
    // The class adds a position for a class token that the network does not have, which fits no image.
    if (config.flag("use_absolute_embeddings", false)) config.wrong("use_absolute_embeddings", "false");
    return net;
}

NodeId swin_mlp(const Swin& net, const Scope& scope, NodeId x) {
    const std::int64_t width = scope.type(x).shape.back();
    const auto hidden = static_cast<std::int64_t>(net.mlp_ratio * static_cast<double>(width));
    if (hidden < 1) fail("mlp_ratio {} leaves nothing of a width of {}", net.mlp_ratio, width);
    const NodeId wide = (scope / "intermediate" / "dense").linear(x, hidden);
    const NodeId active = (scope / "intermediate").activation(wide, net.activation);
    return (scope / "output" / "dense").linear(active, width);
}

NodeId build_swin_stages(const Swin& net, const SwinVersion& version, const Scope& root, NodeId pixels,
                         std::int64_t classes) {
    const Scope scope = root / version.name;
    Tokens x = embed(net, scope / "embeddings", pixels);
    for (std::size_t stage = 0; stage < net.depths.size(); ++stage) {
        const Scope layer = scope / "encoder" / "layers" / static_cast<std::int64_t>(stage);
        for (std::int64_t i = 0; i < net.depths[stage]; ++i)
            x.node = version.block(layer / "blocks" / i, x, {stage, i % 2 == 1});
        if (stage + 1 < net.depths.size()) x = merge(version, layer / "downsample", x);
    }
    const NodeId normalized = (scope / "layernorm").layer_norm(x.node, net.eps);
    return (root / "classifier").linear(scope.mean_token(normalized), classes);
}

}  // namespace espalier::models
