// LeViT. Graham et al. 2021, "LeViT: a Vision Transformer in ConvNet's Clothing for Faster Inference"
// (arXiv 2104.01136). Checkpoint of reference: facebook/levit-128S, which has a second head that was taught
// by another network; the logits are the mean of both.

#include "base/error.h"
#include "models/architecture.h"
#include "models/attention.h"
#include "models/linear_norm.h"
#include "models/packed_rows.h"
#include "models/position_bias.h"

namespace espalier::models {

using namespace graph;

namespace {

/// Stages behind which the class puts no subsampling: the third and last.
constexpr std::size_t kMostStages = 3;
/// Values per key of a subsampling attention, expansion of the MLP behind it, and its stride; all fixed.
constexpr std::int64_t kSubsampleRatio = 4;
constexpr std::int64_t kSubsampleMlp = 2;
constexpr std::int64_t kSubsampleStride = 2;

struct LeViT {
    std::vector<std::int64_t> widths, depths, heads, keys, mlp_ratios, value_ratios;
    std::int64_t kernel, stride, pad, resolution;

    /// The class gives every subsampling the keys of the first stage.
    std::int64_t subsample_heads(std::size_t stage) const { return widths[stage] / keys[0]; }
};

void check_lengths(const Config& config, const LeViT& net) {
    const std::size_t stages = net.depths.size();
    const auto at_least = [&](std::string_view key, std::size_t length, std::size_t least) {
        if (length < least)
            config.wrong(key, fmt::format("a list of at least {} numbers, one per stage", least));
    };
    at_least("num_attention_heads", net.heads.size(), stages);
    at_least("key_dim", net.keys.size(), stages);
    at_least("mlp_ratio", net.mlp_ratios.size(), stages);
    at_least("attention_ratio", net.value_ratios.size(), stages);
    const std::size_t widths = std::min(stages + 1, kMostStages);
    if (net.widths.size() != widths) {
        config.wrong("hidden_sizes", fmt::format("a list of {} widths for {} stages", widths, stages));
    }
    if (net.widths[0] < 8) config.wrong("hidden_sizes", "at least 8 at first, which the stem divides by 8");
    for (std::size_t stage = 0; stage + 1 < net.widths.size(); ++stage) {
        if (net.subsample_heads(stage) < 1) config.wrong("key_dim", "at most the widths in hidden_sizes");
    }
}

LeViT read(const Config& config) {
    LeViT net{.widths = config.integers("hidden_sizes", {128, 256, 384}),
              .depths = config.integers("depths", {4, 4, 4}, {0, 256}, {1, kMostStages}),
              .heads = config.integers("num_attention_heads", {4, 8, 12}, {1, 1024}),
              .keys = config.integers("key_dim", {16, 16, 16}, {1, 4096}),
              .mlp_ratios = config.integers("mlp_ratio", {2, 2, 2}, {0, 64}),
              .value_ratios = config.integers("attention_ratio", {2, 2, 2}, {1, 64}),
              .kernel = config.integer("kernel_size", 3, {1, 64}),
              .stride = config.integer("stride", 2, {1, 64}),
              .pad = config.integer("padding", 1, {0, 64}),
              .resolution = config.integer("image_size", 224) / config.integer("patch_size", 16)};
    check_lengths(config, net);
    return net;
}

/// The four convolutions that make tokens of pixels.
Tokens embed(const LeViT& net, const Config& config, const Scope& scope, NodeId x) {
    for (std::int64_t layer = 1; layer <= 4; ++layer) {
        const Scope place = scope / fmt::format("embedding_layer_{}", layer);
        x = (place / "convolution")
                .conv(x, {.out = net.widths[0] >> (4 - layer),
                          .kernel = {net.kernel, net.kernel},
                          .stride = {net.stride, net.stride},
                          .pad = {net.pad, net.pad, net.pad, net.pad}});
        x = (place / "batch_norm").batch_norm(x, kLinearNormEps);
        if (layer < 4) x = place.activation(x, "hardswish");
    }
    const Shape grid = scope.type(x).shape;
    if (grid[2] != net.resolution || grid[3] != net.resolution) {
        config.wrong("image_size",
                     fmt::format("such that image_size / patch_size is the edge of the grid of {} x {} "
                                 "tokens which the stem makes of the image",
                                 grid[2], grid[3]));
    }
    return {scope.tokens(x), {grid[2], grid[3]}};
}

/// Sizes of one attention.
struct Sizes {
    std::int64_t heads, key, value;  ///< number of heads; widths of a key and of a value
    std::int64_t out;
};

/// Output projection of the attention, behind its activation.
NodeId project(const Scope& scope, NodeId mixed, std::int64_t out) {
    return linear_norm(scope / "projection", scope.activation(mixed, "hardswish"), out);
}

NodeId position_bias(const Scope& scope, std::int64_t heads, const Grid& queries, const Grid& keys,
                     std::int64_t stride) {
    const Tensor biases = scope.values("attention_biases", {heads, keys.tokens()}, Role::kEmbedding);
    return scope.constant("bias", distance_bias(biases, queries, keys, stride));
}

NodeId attention(const Scope& scope, const Tokens& x, const Sizes& sizes) {
    const auto [heads, key, value, out] = sizes;
    const std::int64_t period = 2 * key + value;
    const LinearNorm packed = read_linear_norm(scope / "queries_keys_values", out, heads * period);
    const auto part = [&](std::string_view name, std::int64_t first, std::int64_t count) {
        return apply(scope / name, x.node, rows_of(packed, rows_of_heads(sizes.heads, period, first, count)));
    };
    const NodeId mixed =
        attend(scope, part("query", 0, key), part("key", key, key), part("value", 2 * key, value),
               {.heads = heads,
                .scale = inverse_root_depth(key, 1),
                .bias = position_bias(scope, heads, x.grid, x.grid, 1)});
    return project(scope, mixed, out);
}

/// Attention whose queries are every second token of every second row.
Tokens subsample(const Scope& scope, const Tokens& x, const Sizes& sizes) {
    const auto [heads, key, value, out] = sizes;
    const Grid grid{(x.grid.height - 1) / kSubsampleStride + 1, (x.grid.width - 1) / kSubsampleStride + 1};
    Ints picked;
    for (std::int64_t i = 0; i < grid.tokens(); ++i) {
        picked.push_back((i / grid.width * x.grid.width + i % grid.width) * kSubsampleStride);
    }
    const NodeId queries =
        linear_norm(scope / "queries", pick_tokens(scope, x.node, std::move(picked)), heads * key);
    const std::int64_t period = key + value;
    const LinearNorm packed =
        read_linear_norm(scope / "keys_values", scope.type(x.node).shape[2], heads * period);
    const auto part = [&](std::string_view name, std::int64_t first, std::int64_t count) {
        return apply(scope / name, x.node, rows_of(packed, rows_of_heads(sizes.heads, period, first, count)));
    };
    const NodeId mixed = attend(scope, queries, part("key", 0, key), part("value", key, value),
                                {.heads = heads,
                                 .scale = inverse_root_depth(key, 1),
                                 .bias = position_bias(scope, heads, grid, x.grid, kSubsampleStride)});
    return {project(scope, mixed, out), grid};
}

NodeId mlp(const Scope& scope, NodeId x, std::int64_t ratio) {
    const std::int64_t width = scope.type(x).shape[2];
    const NodeId wide = linear_norm(scope / "linear_up", x, ratio * width);
    return linear_norm(scope / "linear_down", scope.activation(wide, "hardswish"), width);
}

Tokens stage(const LeViT& net, const Scope& scope, Tokens x, std::size_t index) {
    std::int64_t layer = 0;
    const auto add_mlp = [&](std::int64_t ratio) {
        if (ratio == 0) return;
        const Scope place = scope / layer++;
        x.node = place.sum(mlp(place / "module", x.node, ratio), x.node);
    };
    const std::int64_t key = net.keys[index];
    const Sizes own{net.heads[index], key, net.value_ratios[index] * key, net.widths[index]};
    for (std::int64_t i = 0; i < net.depths[index]; ++i) {
        const Scope place = scope / layer++;
        x.node = place.sum(attention(place / "module", x, own), x.node);
        add_mlp(net.mlp_ratios[index]);
    }
    if (index + 1 < net.widths.size()) {
        x = subsample(
            scope / layer++, x,
            {net.subsample_heads(index), net.keys[0], kSubsampleRatio * net.keys[0], net.widths[index + 1]});
        add_mlp(kSubsampleMlp);
    }
    return x;
}

NodeId head(const Scope& scope, NodeId x, std::int64_t classes) {
    return (scope / "linear").linear((scope / "batch_norm").batch_norm(x, kLinearNormEps), classes);
}

}  // namespace

Pixels levit_image_size(const Config& config) { return config.pixels("image_size", 224); }

NodeId build_levit(const Config& config, const Scope& root, NodeId pixels, std::int64_t classes) {
    const LeViT net = read(config);
    const Scope scope = root / "levit";
    Tokens x = embed(net, config, scope / "patch_embeddings", pixels);
    for (std::size_t i = 0; i < net.depths.size(); ++i)
        x = stage(net, scope / "encoder" / "stages" / static_cast<std::int64_t>(i) / "layers", x, i);
    const NodeId mean = scope.mean_token(x.node);
    const NodeId own = head(root / "classifier", mean, classes);
    if (config.architecture() != "LevitForImageClassificationWithTeacher") return own;
    const NodeId taught = head(root / "classifier_distill", mean, classes);
    return root.product(root.sum(own, taught), root.scalar("half", 0.5F));
}

}  // namespace espalier::models
