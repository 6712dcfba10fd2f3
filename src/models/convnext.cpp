// ConvNeXt. Liu et al. 2022, "A ConvNet for the 2020s" (arXiv 2201.03545).
// Checkpoint of reference: facebook/convnext-tiny-224.

#include "base/error.h"
#include "models/architecture.h"

namespace espalier::models {

using namespace graph;

namespace {

/// Epsilon of every layer norm but the last, which the configuration cannot change.
constexpr double kInnerEps = 1e-6;

struct ConvNext {
    std::vector<std::int64_t> widths, depths;
    Pixels patch;
    double eps;
    bool layer_scale;
    std::string activation;
};

ConvNext read(const Config& config) {
    ConvNext net{.widths = config.integers("hidden_sizes", {96, 192, 384, 768}),
                 .depths = config.integers("depths", {3, 3, 9, 3}, {1, 256}),
                 .patch = config.pixels("patch_size", 4),
                 .eps = config.number("layer_norm_eps", 1e-12, 0, 1),
                 .layer_scale = config.number("layer_scale_init_value", 1e-6, -1, 1e6) > 0,
                 .activation = config.text("hidden_act", "gelu")};
    const auto stages = static_cast<std::size_t>(config.integer("num_stages", 4, {1, 16}));
    if (net.widths.size() < stages || net.depths.size() < stages) {
        config.wrong("num_stages", fmt::format("at most the number of hidden_sizes ({}) and depths ({})",
                                               net.widths.size(), net.depths.size()));
    }
    net.depths.resize(stages);
    return net;
}

/// y = x + scale * mlp(norm(depthwise(x)))
NodeId block(const ConvNext& net, const Scope& scope, NodeId x) {
    const std::int64_t width = scope.type(x).shape[1];
    NodeId y =
        (scope / "dwconv")
            .conv(x, {.out = width, .kernel = {7, 7}, .pad = {3, 3, 3, 3}, .groups = width, .bias = true});
    y = (scope / "layernorm").layer_norm(scope.channels_last(y), kInnerEps);
    y = scope.activation((scope / "pwconv1").linear(y, 4 * width), net.activation);
    y = (scope / "pwconv2").linear(y, width);
    if (net.layer_scale) y = scope.scaled(y, "layer_scale_parameter");
    return scope.channels_first(scope.sum(scope.channels_last(x), y));
}

NodeId downsample(const Scope& scope, NodeId x, std::int64_t width) {
    return (scope / 1).conv((scope / 0).pixel_norm(x, kInnerEps),
                            {.out = width, .kernel = {2, 2}, .stride = {2, 2}, .bias = true});
}

NodeId embed(const ConvNext& net, const Scope& scope, NodeId pixels) {
    const Pair patch{net.patch.height, net.patch.width};
    const NodeId x =
        (scope / "patch_embeddings")
            .conv(pixels, {.out = net.widths[0], .kernel = patch, .stride = patch, .bias = true});
    return (scope / "layernorm").pixel_norm(x, kInnerEps);
}

}  // namespace

Pixels convnext_image_size(const Config& config) { return config.pixels("image_size", 224); }

NodeId build_convnext(const Config& config, const Scope& root, NodeId pixels, std::int64_t classes) {
    const ConvNext net = read(config);
    const Scope scope = root / "convnext";
    NodeId x = embed(net, scope / "embeddings", pixels);
    for (std::size_t stage = 0; stage < net.depths.size(); ++stage) {
        const Scope place = scope / "encoder" / "stages" / static_cast<std::int64_t>(stage);
        if (stage > 0) x = downsample(place / "downsampling_layer", x, net.widths[stage]);
        for (std::int64_t layer = 0; layer < net.depths[stage]; ++layer)
            x = block(net, place / "layers" / layer, x);
    }
    const NodeId mean =
        scope.add(Reduce{.kind = ReduceKind::kMean, .axes = {2, 3}, .keep_axes = false}, {x}, "average");
    return (root / "classifier").linear((scope / "layernorm").layer_norm(mean, net.eps), classes);
}

}  // namespace espalier::models
