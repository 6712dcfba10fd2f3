// Pyramid Vision Transformer v2. Wang et al. 2021 (arXiv 2106.13797): overlapping patches, and positions from
// the padding of convolutions. Checkpoint of reference: OpenGVLab/pvt_v2_b0 (pvt_v2_b2_linear:
// linear_attention).

#include "models/architecture.h"
#include "models/pyramid.h"
#include "models/stages.h"

namespace espalier::models {

using namespace graph;

namespace {

/// Edge of the image that linear attention pools its keys and values to.
constexpr std::int64_t kPooledEdge = 7;

struct PvtV2 {
    std::vector<std::int64_t> widths, depths, reductions, patches, strides, heads, hidden;
    double eps;
    bool bias, linear;
    std::string activation;
};

PvtV2 read(const Config& config) {
    const auto stages = static_cast<std::size_t>(config.integer("num_encoder_blocks", 4, {1, 16}));
    PvtV2 net{.widths = per_stage(config, "hidden_sizes", {32, 64, 160, 256}, stages),
              .depths = per_stage(config, "depths", {2, 2, 2, 2}, stages, {0, 256}),
              .reductions = per_stage(config, "sr_ratios", {8, 4, 2, 1}, stages, {0, 64}),
              .patches = per_stage(config, "patch_sizes", {7, 3, 3, 3}, stages, {1, 64}),
              .strides = per_stage(config, "strides", {4, 2, 2, 2}, stages, {1, 64}),
              .heads = per_stage(config, "num_attention_heads", {1, 2, 5, 8}, stages),
              .hidden = {},
              .eps = config.number("layer_norm_eps", 1e-6, 0, 1),
              .bias = config.flag("qkv_bias", true),
              .linear = config.flag("linear_attention", false),
              .activation = config.text("hidden_act", "gelu")};
    net.hidden = expanded_per_stage(config, "mlp_ratios", {8, 8, 4, 4}, net.widths);
    check_heads(config, "num_attention_heads", net.widths, net.heads);
    return net;
}

/// Means of `parts` runs of an axis of [n, h, w, c] that cover it evenly: run i is [floor(i e / parts),
/// ceil((i + 1) e / parts)), so that neighbours share an element where the extent e does not divide.
NodeId pooled_axis(const Scope& scope, NodeId x, std::int64_t axis, std::int64_t parts) {
    const std::int64_t extent = scope.type(x).shape[static_cast<int>(axis)];
    std::vector<NodeId> means;
    for (std::int64_t i = 0; i < parts; ++i) {
        const Slice run{
            .axis = axis, .begin = i * extent / parts, .end = ((i + 1) * extent + parts - 1) / parts};
        means.push_back(scope.add(Reduce{.kind = ReduceKind::kMean, .axes = {axis}},
                                  {scope.add(run, {x}, "run")}, "mean"));
    }
    return scope.add(Concat{.axis = axis}, std::move(means), "means");
}

/// The image [n, c, kPooledEdge, kPooledEdge] of means over evenly laid windows.
NodeId pooled(const Scope& scope, const TokenMap& x) {
    if (x.height % kPooledEdge == 0 && x.width % kPooledEdge == 0) {
        const Pair window{x.height / kPooledEdge, x.width / kPooledEdge};
        return scope.add(Pool2d{.kind = PoolKind::kAverage, .kernel = window, .stride = window},
                         {image_of(scope, x)}, "pool");
    }
    const NodeId rows = scope.add(Reshape{{0, x.height, x.width, -1}}, {x.tokens}, "rows");
    return scope.channels_first(pooled_axis(scope, pooled_axis(scope, rows, 1, kPooledEdge), 2, kPooledEdge));
}

/// Tokens of keys and values: reduced by a convolution, or pooled to a fixed number by linear attention.
NodeId context_of(const PvtV2& net, const Scope& scope, const TokenMap& x, std::size_t stage) {
    if (net.linear) {
        const NodeId image = (scope / "spatial_reduction")
                                 .conv(pooled(scope / "pool", x), {.out = net.widths[stage], .bias = true});
        return scope.activation((scope / "layer_norm").layer_norm(scope.tokens(image), net.eps), "gelu");
    }
    if (net.reductions[stage] <= 1) return x.tokens;
    return reduced_tokens(scope, "spatial_reduction", x, net.reductions[stage], net.eps);
}

TokenMap block(const PvtV2& net, const Scope& scope, TokenMap x, std::size_t stage) {
    const auto normalized = [&](std::string_view norm) {
        return TokenMap{(scope / norm).layer_norm(x.tokens, net.eps), x.height, x.width};
    };
    const Scope attention = scope / "attention";
    const TokenMap first = normalized("layer_norm_1");
    const NodeId mixed = attend_to(attention, first.tokens, context_of(net, attention, first, stage),
                                   net.heads[stage], net.bias);
    x.tokens = scope.sum((attention / "proj").linear(mixed, net.widths[stage]), x.tokens);
    x.tokens = (scope / "mlp")
                   .sum(x.tokens, mix_feed_forward(scope / "mlp", normalized("layer_norm_2"),
                                                   net.hidden[stage], net.activation, net.linear));
    return x;
}

}  // namespace

Pixels pvt_v2_image_size(const Config& config) { return config.pixels("image_size", 224); }

NodeId build_pvt_v2(const Config& config, const Scope& root, NodeId pixels, std::int64_t classes) {
    const PvtV2 net = read(config);
    const Scope layers = root / "pvt_v2" / "encoder" / "layers";
    NodeId image = pixels;
    TokenMap x{};
    for (std::size_t stage = 0; stage < net.widths.size(); ++stage) {
        const Scope place = layers / static_cast<std::int64_t>(stage);
        const Scope embed = place / "patch_embedding";
        const Conv patches = overlapping(net.widths[stage], net.patches[stage], net.strides[stage]);
        x = token_map(embed, (embed / "proj").conv(image, patches));
        x.tokens = (embed / "layer_norm").layer_norm(x.tokens, net.eps);
        for (std::int64_t layer = 0; layer < net.depths[stage]; ++layer)
            x = block(net, place / "blocks" / layer, x, stage);
        x.tokens = (place / "layer_norm").layer_norm(x.tokens, net.eps);
        image = image_of(place, x);
    }
    return (root / "classifier").linear(root.mean_token(x.tokens), classes);
}

}  // namespace espalier::models
