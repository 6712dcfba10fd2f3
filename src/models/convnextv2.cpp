// ConvNeXt V2. Woo et al. 2023, "Co-designing and Scaling ConvNets with Masked Autoencoders" (arXiv
// 2301.00808): ConvNeXt with global response normalization in place of layer scale. Checkpoint of reference:
// facebook/convnextv2-tiny-1k-224.

#include <cmath>

#include "models/architecture.h"
#include "models/stages.h"

namespace espalier::models {

using namespace graph;

namespace {

/// Epsilon of every layer norm but the last, and of the response normalization; the configuration cannot
/// change it.
constexpr double kInnerEps = 1e-6;

struct ConvNextV2 {
    std::vector<std::int64_t> widths, depths;
    Pixels patch;
    double eps;
    std::string activation;
};

ConvNextV2 read(const Config& config) {
    const auto stages = static_cast<std::size_t>(config.integer("num_stages", 4, {1, 16}));
    return {.widths = per_stage(config, "hidden_sizes", {96, 192, 384, 768}, stages),
            .depths = per_stage(config, "depths", {3, 3, 9, 3}, stages, {1, 256}),
            .patch = config.pixels("patch_size", 4),
            .eps = config.number("layer_norm_eps", 1e-12, 0, 1),
            .activation = config.text("hidden_act", "gelu")};
}

/// y = x * (1 + gamma * n) + beta, n = g / (mean_c g + eps), g[c] the norm of channel c over all pixels.
///
/// x [n, h, w, c]. The root of the mean square stands for the norm; the epsilon is scaled as that is.
NodeId respond(const Scope& scope, NodeId x) {
    const Shape& shape = scope.type(x).shape;
    const Shape channels{1, 1, 1, shape[3]};
    const auto mean = [&](NodeId of, Ints axes, std::string_view name) {
        return scope.add(Reduce{.kind = ReduceKind::kMean, .axes = std::move(axes)}, {of}, name);
    };
    const NodeId square = scope.add(Binary{BinaryKind::kMul}, {x, x}, "squares");
    const NodeId response =
        scope.add(Unary{UnaryKind::kSqrt}, {mean(square, {1, 2}, "mean_square")}, "response");
    const double eps = kInnerEps / std::sqrt(static_cast<double>(shape[1] * shape[2]));
    const NodeId total = scope.sum(mean(response, {3}, "mean"), scope.scalar("eps", static_cast<float>(eps)));
    const NodeId normalized = scope.add(Binary{BinaryKind::kDiv}, {response, total}, "normalized");
    const NodeId gain = scope.product(normalized, scope.weight("weight", channels, Role::kGain));
    const NodeId factor = scope.sum(gain, scope.scalar("one", 1));
    return scope.sum(scope.product(x, factor), scope.weight("bias", channels, Role::kShift));
}

/// y = x + mlp(norm(depthwise(x)))
NodeId block(const ConvNextV2& net, const Scope& scope, NodeId x) {
    const std::int64_t width = scope.type(x).shape[1];
    NodeId y =
        (scope / "dwconv")
            .conv(x, {.out = width, .kernel = {7, 7}, .pad = {3, 3, 3, 3}, .groups = width, .bias = true});
    y = (scope / "layernorm").layer_norm(scope.channels_last(y), kInnerEps);
    y = scope.activation((scope / "pwconv1").linear(y, 4 * width), net.activation);
    y = (scope / "pwconv2").linear(respond(scope / "grn", y), width);
    return scope.channels_first(scope.sum(scope.channels_last(x), y));
}

NodeId downsample(const Scope& scope, NodeId x, std::int64_t width) {
    return (scope / 1).conv((scope / 0).pixel_norm(x, kInnerEps),
                            {.out = width, .kernel = {2, 2}, .stride = {2, 2}, .bias = true});
}

NodeId embed(const ConvNextV2& net, const Scope& scope, NodeId pixels) {
    const Pair patch{net.patch.height, net.patch.width};
    const NodeId x =
        (scope / "patch_embeddings")
            .conv(pixels, {.out = net.widths[0], .kernel = patch, .stride = patch, .bias = true});
    return (scope / "layernorm").pixel_norm(x, kInnerEps);
}

}  // namespace

Pixels convnextv2_image_size(const Config& config) { return config.pixels("image_size", 224); }

NodeId build_convnextv2(const Config& config, const Scope& root, NodeId pixels, std::int64_t classes) {
    const ConvNextV2 net = read(config);
    const Scope scope = root / "convnextv2";
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
