// EfficientFormer. Li et al. 2022, "EfficientFormer: Vision Transformers at MobileNet Speed" (arXiv
// 2206.01191). Checkpoint of reference: snap-research/efficientformer-l1-300, which has a second head that
// was taught by another network; the logits are the mean of both.

#include "base/error.h"
#include "models/architecture.h"
#include "models/attention.h"
#include "models/packed_rows.h"
#include "models/position_bias.h"

namespace espalier::models {

using namespace graph;

namespace {

struct EfficientFormer {
    std::vector<std::int64_t> widths, depths;
    std::vector<bool> downsamples;
    std::int64_t heads, key, value;  ///< number of heads; widths of a key and of a value
    std::int64_t resolution;         ///< edge of the grid of tokens in the last stage
    std::int64_t attention_blocks;   ///< at the end of the last stage
    std::int64_t pool;
    Conv downsample;
    double mlp_ratio, layer_norm_eps, batch_norm_eps;
    bool layer_scale;
    std::string activation;

    std::int64_t hidden(std::int64_t width) const {
        return static_cast<std::int64_t>(mlp_ratio * static_cast<double>(width));
    }
};

Conv read_downsample(const Config& config) {
    const std::int64_t kernel = config.integer("downsample_patch_size", 3, {1, 64});
    const std::int64_t stride = config.integer("downsample_stride", 2, {1, 64});
    const std::int64_t pad = config.integer("downsample_pad", 1, {0, 64});
    return {
        .kernel = {kernel, kernel}, .stride = {stride, stride}, .pad = {pad, pad, pad, pad}, .bias = true};
}

void check(const Config& config, const EfficientFormer& net) {
    if (net.widths.size() != net.depths.size()) {
        config.wrong("hidden_sizes",
                     fmt::format("as long as depths, which has {} stages", net.depths.size()));
    }
    if (net.downsamples.size() + 1 < net.depths.size()) {
        config.wrong("downsamples", fmt::format("a list of at least {} flags", net.depths.size() - 1));
    }
    if (net.widths[0] < 2) config.wrong("hidden_sizes", "at least 2 at first, which the stem halves");
    if (config.integer("dim", 448) != net.widths.back() && net.attention_blocks > 0) {
        config.wrong("dim", fmt::format("{}, the last of hidden_sizes", net.widths.back()));
    }
    if (net.value < 1) config.wrong("attention_ratio", fmt::format("at least 1 / {}, the key_dim", net.key));
    if (net.pool % 2 == 0)
        config.wrong("pool_size", "odd: an even window does not keep the size of the image");
    for (const std::int64_t width : net.widths) {
        if (net.hidden(width) < 1) {
            config.wrong("mlp_expansion_ratio", "large enough to leave something of every width");
        }
    }
}

EfficientFormer read(const Config& config) {
    const std::int64_t key = config.integer("key_dim", 32, {1, 4096});
    EfficientFormer net{.widths = config.integers("hidden_sizes", {48, 96, 224, 448}),
                        .depths = config.integers("depths", {3, 2, 6, 4}, {0, 256}),
                        .downsamples = config.flags("downsamples", {true, true, true, true}),
                        .heads = config.integer("num_attention_heads", 8, {1, 1024}),
                        .key = key,
                        .value = static_cast<std::int64_t>(config.number("attention_ratio", 4, 1e-3, 64) *
                                                           static_cast<double>(key)),
                        .resolution = config.integer("resolution", 7, {1, 1024}),
                        .attention_blocks = config.integer("num_meta3d_blocks", 1, {0, 256}),
                        .pool = config.integer("pool_size", 3, {1, 63}),
                        .downsample = read_downsample(config),
                        .mlp_ratio = config.number("mlp_expansion_ratio", 4, 1e-3, 64),
                        .layer_norm_eps = config.number("layer_norm_eps", 1e-12, 0, 1),
                        .batch_norm_eps = config.number("batch_norm_eps", 1e-5, 0, 1),
                        .layer_scale = config.flag("use_layer_scale", true),
                        .activation = config.text("hidden_act", "gelu")};
    check(config, net);
    return net;
}

NodeId stem(const EfficientFormer& net, const Scope& scope, NodeId x) {
    Conv conv{
        .out = net.widths[0] / 2, .kernel = {3, 3}, .stride = {2, 2}, .pad = {1, 1, 1, 1}, .bias = true};
    x = (scope / "batchnorm_before").batch_norm((scope / "convolution1").conv(x, conv), net.batch_norm_eps);
    x = (scope / "convolution1").activation(x, "relu");
    conv.out = net.widths[0];
    x = (scope / "batchnorm_after").batch_norm((scope / "convolution2").conv(x, conv), net.batch_norm_eps);
    return (scope / "convolution2").activation(x, "relu");
}

NodeId downsample(const EfficientFormer& net, const Scope& scope, NodeId x, std::int64_t width) {
    Conv conv = net.downsample;
    conv.out = width;
    return (scope / "norm").batch_norm((scope / "projection").conv(x, conv), net.batch_norm_eps);
}

/// branch * scale + x; the scale's channels lie on axis 1 of an image and on the last axis of tokens.
NodeId add_branch(const EfficientFormer& net, const Scope& scope, NodeId x, NodeId branch,
                  std::string_view name) {
    if (!net.layer_scale) return scope.sum(branch, x);
    if (scope.type(x).shape.rank() == 3) return scope.sum(scope.scaled(branch, name), x);
    const std::int64_t width = scope.type(x).shape[1];
    const Tensor scale = scope.values(name, {width}, Role::kLayerScale).reshaped({width, 1, 1});
    return scope.sum(scope.product(branch, scope.constant(name, scale)), x);
}

/// average(x) - x over a window around each pixel, whose part outside the image does not count.
NodeId pool_mixer(const EfficientFormer& net, const Scope& scope, NodeId x) {
    const std::int64_t pad = net.pool / 2;
    const NodeId average = scope.add(
        Pool2d{.kind = PoolKind::kAverage, .kernel = {net.pool, net.pool}, .pad = {pad, pad, pad, pad}}, {x},
        "pool");
    return scope.add(Binary{BinaryKind::kSub}, {average, x}, "difference");
}

NodeId image_mlp(const EfficientFormer& net, const Scope& scope, NodeId x) {
    const std::int64_t width = scope.type(x).shape[1];
    NodeId y = (scope / "convolution1").conv(x, {.out = net.hidden(width), .bias = true});
    y = scope.activation((scope / "batchnorm_before").batch_norm(y, net.batch_norm_eps), net.activation);
    y = (scope / "convolution2").conv(y, {.out = width, .bias = true});
    return (scope / "batchnorm_after").batch_norm(y, net.batch_norm_eps);
}

/// A block on an image, which mixes by pooling.
NodeId image_block(const EfficientFormer& net, const Scope& scope, NodeId x) {
    x = add_branch(net, scope, x, pool_mixer(net, scope / "token_mixer", x), "layer_scale_1");
    return add_branch(net, scope, x, image_mlp(net, scope / "mlp", x), "layer_scale_2");
}

NodeId self_attention(const EfficientFormer& net, const Scope& scope, NodeId x) {
    const std::int64_t width = scope.type(x).shape[2];
    const std::int64_t period = 2 * net.key + net.value;
    const Tensor weight = (scope / "qkv").values("weight", {net.heads * period, width}, Role::kMatrix);
    const Tensor shift = (scope / "qkv").values("bias", {net.heads * period}, Role::kShift);
    const auto part = [&](std::string_view name, std::int64_t first, std::int64_t count) {
        const Scope place = scope / "qkv" / name;
        const Ints rows = rows_of_heads(net.heads, period, first, count);
        return place.add(Linear{}, {x, place.constant("weight", take_rows(weight, rows)),
                                    place.constant("bias", take_rows(shift, rows))});
    };
    const Grid grid{net.resolution, net.resolution};
    const Tensor biases = scope.values("attention_biases", {net.heads, grid.tokens()}, Role::kEmbedding);
    const NodeId mixed = attend(scope, part("query", 0, net.key), part("key", net.key, net.key),
                                part("value", 2 * net.key, net.value),
                                {.heads = net.heads,
                                 .scale = inverse_root_depth(net.key, 1),
                                 .bias = scope.constant("bias", distance_bias(biases, grid, grid, 1))});
    return (scope / "projection").linear(mixed, width);
}

NodeId token_mlp(const EfficientFormer& net, const Scope& scope, NodeId x) {
    const std::int64_t width = scope.type(x).shape[2];
    const NodeId wide = (scope / "linear_in").linear(x, net.hidden(width));
    return (scope / "linear_out").linear(scope.activation(wide, net.activation), width);
}

/// A block on tokens, which mixes by attention.
NodeId token_block(const EfficientFormer& net, const Scope& scope, NodeId x) {
    const NodeId normalized = (scope / "layernorm1").layer_norm(x, net.layer_norm_eps);
    x = add_branch(net, scope, x, self_attention(net, scope / "token_mixer", normalized), "layer_scale_1");
    const NodeId again = (scope / "layernorm2").layer_norm(x, net.layer_norm_eps);
    return add_branch(net, scope, x, token_mlp(net, scope / "mlp", again), "layer_scale_2");
}

NodeId image_blocks(const EfficientFormer& net, const Scope& scope, NodeId x, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) x = image_block(net, scope / "meta4D_layers" / "blocks" / i, x);
    return x;
}

/// Image blocks, then token blocks: [n, c, h, w] -> [n, h * w, c].
NodeId last_stage(const EfficientFormer& net, const Config& config, const Scope& scope, NodeId x) {
    x = image_blocks(net, scope, x, net.depths.back() - net.attention_blocks);
    const Shape grid = scope.type(x).shape;
    if (net.attention_blocks > 0 && (grid[2] != net.resolution || grid[3] != net.resolution)) {
        config.wrong("resolution",
                     fmt::format("the edge of the last stage, which has {} x {} tokens for this image",
                                 grid[2], grid[3]));
    }
    x = scope.tokens(x);
    for (std::int64_t i = 0; i < net.attention_blocks; ++i)
        x = token_block(net, scope / "meta3D_layers" / "blocks" / i, x);
    return x;
}

}  // namespace

Pixels efficientformer_image_size(const Config& config) { return config.pixels("image_size", 224); }

NodeId build_efficientformer(const Config& config, const Scope& root, NodeId pixels, std::int64_t classes) {
    const EfficientFormer net = read(config);
    const Scope scope = root / "efficientformer";
    const Scope encoder = scope / "encoder";
    NodeId x = stem(net, scope / "patch_embed", pixels);
    std::int64_t entry = 0;
    for (std::size_t stage = 0; stage + 1 < net.depths.size(); ++stage) {
        x = image_blocks(net, encoder / "intermediate_stages" / entry++, x, net.depths[stage]);
        const std::int64_t next = net.widths[stage + 1];
        if (net.downsamples[stage] || net.widths[stage] != next)
            x = downsample(net, encoder / "intermediate_stages" / entry++, x, next);
    }
    x = last_stage(net, config, encoder / "last_stage", x);
    const NodeId mean = scope.mean_token((scope / "layernorm").layer_norm(x, net.layer_norm_eps));
    const NodeId own = (root / "classifier").linear(mean, classes);
    if (config.architecture() != "EfficientFormerForImageClassificationWithTeacher") return own;
    const NodeId taught = (root / "distillation_classifier").linear(mean, classes);
    return root.product(root.sum(own, taught), root.scalar("half", 0.5F));
}

}  // namespace espalier::models
