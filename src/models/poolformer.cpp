// PoolFormer. Yu et al. 2021, "MetaFormer Is Actually What You Need for Vision" (arXiv 2111.11418): the mean
// of the neighbours in place of attention. Checkpoint of reference: sail/poolformer_s12.

#include "models/architecture.h"
#include "models/stages.h"

namespace espalier::models {

using namespace graph;

namespace {

/// torch's default for group normalization, which the configuration cannot change.
constexpr double kGroupNormEps = 1e-5;

struct PoolFormer {
    std::vector<std::int64_t> widths, hidden, depths, patches, strides, pads;
    std::int64_t pool;
    bool layer_scale;
    std::string activation;
};

PoolFormer read(const Config& config) {
    const auto stages = static_cast<std::size_t>(config.integer("num_encoder_blocks", 4, {1, 16}));
    PoolFormer net{.widths = per_stage(config, "hidden_sizes", {64, 128, 320, 512}, stages),
                   .hidden = {},
                   .depths = per_stage(config, "depths", {2, 2, 6, 2}, stages, {0, 256}),
                   .patches = per_stage(config, "patch_sizes", {7, 3, 3, 3}, stages, {1, 64}),
                   .strides = per_stage(config, "strides", {4, 2, 2, 2}, stages, {1, 64}),
                   .pads = per_stage(config, "padding", {2, 1, 1, 1}, stages, {0, 64}),
                   .pool = config.integer("pool_size", 3, {1, 63}),
                   .layer_scale = config.flag("use_layer_scale", true),
                   .activation = config.text("hidden_act", "gelu")};
    if (net.pool % 2 == 0) config.wrong("pool_size", "an odd number, which keeps the size of the image");
    const double ratio = config.number("mlp_ratio", 4, 0, 64);
    for (const std::int64_t width : net.widths)
        net.hidden.push_back(expanded(config, "mlp_ratio", width, ratio));
    return net;
}

/// Group normalization with one group: over all channels and pixels of an image.
NodeId norm(const Scope& scope, NodeId x) { return scope.group_norm(x, 1, kGroupNormEps); }

/// The mean of the neighbours minus x itself; beyond the border there are no neighbours.
NodeId mix(const PoolFormer& net, const Scope& scope, NodeId x) {
    const std::int64_t pad = net.pool / 2;
    const Pool2d mean{
        .kind = PoolKind::kAverage, .kernel = {net.pool, net.pool}, .pad = {pad, pad, pad, pad}};
    return scope.add(Binary{BinaryKind::kSub}, {scope.add(mean, {x}, "pool"), x}, "subtract");
}

NodeId mlp(const PoolFormer& net, const Scope& scope, NodeId x, std::int64_t hidden) {
    const std::int64_t width = scope.type(x).shape[1];
    const NodeId wide = (scope / "conv1").conv(x, {.out = hidden, .bias = true});
    return (scope / "conv2").conv(scope.activation(wide, net.activation), {.out = width, .bias = true});
}

NodeId block(const PoolFormer& net, const Scope& scope, NodeId x, std::int64_t hidden) {
    const auto scaled = [&](NodeId y, std::string_view name) {
        return net.layer_scale ? scope.channel_scaled(y, name) : y;
    };
    x = scope.sum(x, scaled(mix(net, scope / "pooling", norm(scope / "before_norm", x)), "layer_scale_1"));
    return scope.sum(
        x, scaled(mlp(net, scope / "output", norm(scope / "after_norm", x), hidden), "layer_scale_2"));
}

NodeId embed(const PoolFormer& net, const Scope& scope, NodeId x, std::size_t stage) {
    const std::int64_t patch = net.patches[stage], stride = net.strides[stage], pad = net.pads[stage];
    return (scope / "projection")
        .conv(x, {.out = net.widths[stage],
                  .kernel = {patch, patch},
                  .stride = {stride, stride},
                  .pad = {pad, pad, pad, pad},
                  .bias = true});
}

}  // namespace

Pixels poolformer_image_size(const Config&) { return {224, 224}; }

NodeId build_poolformer(const Config& config, const Scope& root, NodeId pixels, std::int64_t classes) {
    const PoolFormer net = read(config);
    const Scope encoder = root / "poolformer" / "encoder";
    NodeId x = pixels;
    for (std::size_t stage = 0; stage < net.widths.size(); ++stage) {
        const auto index = static_cast<std::int64_t>(stage);
        x = embed(net, encoder / "patch_embeddings" / index, x, stage);
        for (std::int64_t layer = 0; layer < net.depths[stage]; ++layer)
            x = block(net, encoder / "block" / index / layer, x, net.hidden[stage]);
    }
    return (root / "classifier").linear(root.global_average(norm(root / "norm", x)), classes);
}

}  // namespace espalier::models
