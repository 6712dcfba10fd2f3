// Focal Modulation Network. Yang et al. 2022 (arXiv 2203.11926): gated contexts of growing extent in place of
// attention. Checkpoint of reference: microsoft/focalnet-tiny.

#include "models/architecture.h"
#include "models/stages.h"

namespace espalier::models {

using namespace graph;

namespace {

struct FocalNet {
    std::int64_t width;  ///< of the first stage; each later one has twice as many channels
    Pixels patch;
    std::vector<std::int64_t> depths, levels, windows, hidden;
    double eps;
    std::string activation;
    bool conv_embed, layer_scale, norm_last, norm_modulation, normalize_modulator;
};

FocalNet read(const Config& config) {
    FocalNet net{.width = config.integer("embed_dim", 96, {1, 1 << 13}),
                 .patch = config.pixels("patch_size", 4),
                 .depths = config.integers("depths", {2, 2, 6, 2}, {0, 256}, {1, 8}),
                 .levels = {},
                 .windows = {},
                 .hidden = {},
                 .eps = config.number("layer_norm_eps", 1e-5, 0, 1),
                 .activation = config.text("hidden_act", "gelu"),
                 .conv_embed = config.flag("use_conv_embed", false),
                 .layer_scale = config.flag("use_layerscale", false),
                 .norm_last = config.flag("use_post_layernorm", false),
                 .norm_modulation = config.flag("use_post_layernorm_in_modulation", false),
                 .normalize_modulator = config.flag("normalize_modulator", false)};
    net.levels = per_stage(config, "focal_levels", {2, 2, 2, 2}, net.depths.size(), {0, 16});
    net.windows = per_stage(config, "focal_windows", {3, 3, 3, 3}, net.depths.size(), {1, 63});
    for (const std::int64_t window : net.windows) {
        if (window % 2 == 0)
            config.wrong("focal_windows", "a list of odd numbers, which keep the size of the image");
    }
    const double ratio = config.number("mlp_ratio", 4, 0, 64);
    for (std::size_t stage = 0; stage < net.depths.size(); ++stage)
        net.hidden.push_back(expanded(config, "mlp_ratio", net.width << stage, ratio));
    return net;
}

/// [n, c, h, w] -> [n, h, w, width]: patches, overlapping where the network embeds by convolution. The image
/// is padded to a multiple of the patch at the right and the bottom in either case.
NodeId embed(const FocalNet& net, const Scope& scope, NodeId x, std::int64_t width, Pair patch, bool stem) {
    const Shape& image = scope.type(x).shape;
    const Ints after{0, 0, (patch[0] - image[2] % patch[0]) % patch[0],
                     (patch[1] - image[3] % patch[1]) % patch[1]};
    if (after[2] + after[3] > 0) x = scope.add(Pad{.before = {0, 0, 0, 0}, .after = after}, {x}, "pad");
    Conv conv{.out = width, .kernel = patch, .stride = patch, .bias = true};
    if (net.conv_embed && stem) {
        conv = {.out = width, .kernel = {7, 7}, .stride = {4, 4}, .pad = {2, 2, 2, 2}, .bias = true};
    } else if (net.conv_embed) {
        conv = {.out = width, .kernel = {3, 3}, .stride = {2, 2}, .pad = {1, 1, 1, 1}, .bias = true};
    }
    return scope.channels_last((scope / "projection").conv(x, conv));
}

/// sum over levels l of gate_l * context_l: each context filters the one before with a wider window, and the
/// last is the mean over the image. context [n, c, h, w], gates [n, levels + 1, h, w].
NodeId gather(const Scope& scope, NodeId context, NodeId gates, std::int64_t window) {
    const std::int64_t width = scope.type(context).shape[1];
    const std::int64_t levels = scope.type(gates).shape[1] - 1;
    const auto gated = [&](NodeId x, std::int64_t level) {
        return scope.product(x,
                             scope.add(Slice{.axis = 1, .begin = level, .end = level + 1}, {gates}, "gate"));
    };
    NodeId sum = NodeId::kNone;
    for (std::int64_t level = 0; level < levels; ++level) {
        const Scope layer = scope / "focal_layers" / level;
        const std::int64_t kernel = window + 2 * level, pad = kernel / 2;
        const Conv filter{
            .out = width, .kernel = {kernel, kernel}, .pad = {pad, pad, pad, pad}, .groups = width};
        context = layer.activation((layer / 0).conv(context, filter), "gelu");
        sum = level == 0 ? gated(context, 0) : scope.sum(sum, gated(context, level));
    }
    const NodeId mean = scope.add(Reduce{.kind = ReduceKind::kMean, .axes = {2, 3}}, {context}, "global");
    const NodeId whole = gated(scope.activation(mean, "gelu"), levels);
    return levels == 0 ? whole : scope.sum(sum, whole);
}

/// y = project(q * project(gathered context)). x [n, h, w, c]
NodeId modulate(const FocalNet& net, const Scope& scope, NodeId x, std::size_t stage) {
    const std::int64_t width = scope.type(x).shape[3], levels = net.levels[stage];
    const NodeId all = scope.channels_first((scope / "projection_in").linear(x, 2 * width + levels + 1));
    const auto part = [&](std::int64_t begin, std::int64_t end, std::string_view name) {
        return scope.add(Slice{.axis = 1, .begin = begin, .end = end}, {all}, name);
    };
    NodeId context = gather(scope, part(width, 2 * width, "context"),
                            part(2 * width, 2 * width + levels + 1, "gates"), net.windows[stage]);
    if (net.normalize_modulator)
        context = scope.product(context, scope.scalar("share", 1.0f / static_cast<float>(levels + 1)));
    const NodeId modulator = (scope / "projection_context").conv(context, {.out = width, .bias = true});
    NodeId y = scope.channels_last(scope.product(part(0, width, "query"), modulator));
    if (net.norm_modulation) y = (scope / "layernorm").layer_norm(y, net.eps);
    return (scope / "projection_out").linear(y, width);
}

NodeId mlp(const FocalNet& net, const Scope& scope, NodeId x, std::size_t stage) {
    const std::int64_t width = scope.type(x).shape[3];
    return (scope / "fc2")
        .linear(scope.activation((scope / "fc1").linear(x, net.hidden[stage]), net.activation), width);
}

/// Two residual branches, normalized at their beginning or at their end.
NodeId block(const FocalNet& net, const Scope& scope, NodeId x, std::size_t stage) {
    const auto first = [&](NodeId y, std::string_view norm) {
        return net.norm_last ? y : (scope / norm).layer_norm(y, net.eps);
    };
    const auto last = [&](NodeId y, std::string_view norm, std::string_view scale) {
        if (net.norm_last) y = (scope / norm).layer_norm(y, net.eps);
        return net.layer_scale ? scope.scaled(y, scale) : y;
    };
    x = scope.sum(x, last(modulate(net, scope / "modulation", first(x, "norm1"), stage), "norm1", "gamma_1"));
    return scope.sum(x, last(mlp(net, scope / "mlp", first(x, "norm2"), stage), "norm2", "gamma_2"));
}

}  // namespace

Pixels focalnet_image_size(const Config& config) { return config.pixels("image_size", 224); }

NodeId build_focalnet(const Config& config, const Scope& root, NodeId pixels, std::int64_t classes) {
    const FocalNet net = read(config);
    const Scope scope = root / "focalnet";
    const Scope stem = scope / "embeddings";
    NodeId x =
        embed(net, stem / "patch_embeddings", pixels, net.width, {net.patch.height, net.patch.width}, true);
    x = (stem / "norm").layer_norm(x, net.eps);
    for (std::size_t stage = 0; stage < net.depths.size(); ++stage) {
        const Scope place = scope / "encoder" / "stages" / static_cast<std::int64_t>(stage);
        for (std::int64_t layer = 0; layer < net.depths[stage]; ++layer)
            x = block(net, place / "layers" / layer, x, stage);
        if (stage + 1 == net.depths.size()) break;
        const Scope down = place / "downsample";
        x = embed(net, down, down.channels_first(x), net.width << (stage + 1), {2, 2}, false);
        x = (down / "norm").layer_norm(x, net.eps);
    }
    x = (scope / "layernorm").layer_norm(x, net.eps);
    const NodeId mean =
        scope.add(Reduce{.kind = ReduceKind::kMean, .axes = {1, 2}, .keep_axes = false}, {x}, "average");
    return (root / "classifier").linear(mean, classes);
}

}  // namespace espalier::models
