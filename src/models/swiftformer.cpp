// SwiftFormer. Shaker et al. 2023, "SwiftFormer: Efficient Additive Attention for Transformer-based Real-time
// Mobile Vision Applications" (arXiv 2303.15446). Checkpoint of reference: MBZUAI/swiftformer-xs.
//
// transformers takes the softmax of the attention over an axis of one element: every token weighs 1, and the
// learned w_g has no effect. So it is here.

#include "base/error.h"
#include "models/architecture.h"
#include "models/unit_vectors.h"

namespace espalier::models {

using namespace graph;

namespace {

struct SwiftFormer {
    std::vector<std::int64_t> widths, depths;
    std::vector<bool> downsamples;
    std::int64_t kernel, stride, pad;  ///< of the convolution between two stages
    double mlp_ratio, eps;
    bool layer_scale;
    std::string activation;

    std::int64_t hidden(std::int64_t width) const {
        return static_cast<std::int64_t>(mlp_ratio * static_cast<double>(width));
    }
};

SwiftFormer read(const Config& config) {
    SwiftFormer net{.widths = config.integers("embed_dims", {48, 56, 112, 220}),
                    .depths = config.integers("depths", {3, 3, 6, 4}, {0, 256}),
                    .downsamples = config.flags("downsamples", {true, true, true, true}),
                    .kernel = config.integer("down_patch_size", 3, {1, 64}),
                    .stride = config.integer("down_stride", 2, {1, 64}),
                    .pad = config.integer("down_pad", 1, {0, 64}),
                    .mlp_ratio = config.number("mlp_ratio", 4, 1e-3, 64),
                    .eps = config.number("batch_norm_eps", 1e-5, 0, 1),
                    .layer_scale = config.flag("use_layer_scale", true),
                    .activation = config.text("hidden_act", "gelu")};
    if (net.widths.size() != net.depths.size()) {
        config.wrong("embed_dims", fmt::format("as long as depths, which has {} stages", net.depths.size()));
    }
    if (net.downsamples.size() + 1 < net.depths.size()) {
        config.wrong("downsamples", fmt::format("a list of at least {} flags", net.depths.size() - 1));
    }
    if (net.widths[0] < 2) config.wrong("embed_dims", "at least 2 at first, which the stem halves");
    for (const std::int64_t width : net.widths) {
        if (net.hidden(width) < 1)
            config.wrong("mlp_ratio", "large enough to leave something of every width");
    }
    return net;
}

/// A convolution that keeps the size of the image.
NodeId conv(const Scope& scope, NodeId x, std::int64_t out, std::int64_t kernel, std::int64_t groups = 1) {
    const std::int64_t pad = kernel / 2;
    return scope.conv(x, {.out = out,
                          .kernel = {kernel, kernel},
                          .pad = {pad, pad, pad, pad},
                          .groups = groups,
                          .bias = true});
}

NodeId stem(const SwiftFormer& net, const Scope& scope, NodeId x) {
    for (const std::int64_t layer : {0, 3}) {
        const Conv halve{.out = layer == 0 ? net.widths[0] / 2 : net.widths[0],
                         .kernel = {3, 3},
                         .stride = {2, 2},
                         .pad = {1, 1, 1, 1},
                         .bias = true};
        x = (scope / (layer + 1)).batch_norm((scope / layer).conv(x, halve), net.eps);
        x = (scope / (layer + 2)).activation(x, "relu");
    }
    return x;
}

NodeId downsample(const SwiftFormer& net, const Scope& scope, NodeId x, std::int64_t width) {
    const Conv conv{.out = width,
                    .kernel = {net.kernel, net.kernel},
                    .stride = {net.stride, net.stride},
                    .pad = {net.pad, net.pad, net.pad, net.pad},
                    .bias = true};
    return (scope / "norm").batch_norm((scope / "proj").conv(x, conv), net.eps);
}

/// x times one factor per channel, [channels, 1, 1].
NodeId scaled_channels(const Scope& scope, NodeId x, std::string_view name) {
    return scope.product(x, scope.weight(name, {scope.type(x).shape[1], 1, 1}, Role::kLayerScale));
}

/// x + scale * pointwise(gelu(pointwise(norm(depthwise(x)))))
NodeId conv_block(const SwiftFormer& net, const Scope& scope, NodeId x, std::int64_t hidden) {
    const std::int64_t width = scope.type(x).shape[1];
    NodeId y = (scope / "norm").batch_norm(conv(scope / "depth_wise_conv", x, width, 3, width), net.eps);
    y = scope.activation(conv(scope / "point_wise_conv1", y, hidden, 1), "gelu");
    y = conv(scope / "point_wise_conv2", y, width, 1);
    return scope.sum(scaled_channels(scope, y, "layer_scale"), x);
}

/// final(proj(sum of all queries * key) + query), with queries and keys of length 1. [n, t, c].
NodeId additive_attention(const Scope& scope, NodeId x) {
    const Shape shape = scope.type(x).shape;
    scope.declare_unused("w_g", {shape[2], 1});
    const NodeId query = scaled_to_length(scope / "to_query", (scope / "to_query").linear(x, shape[2]), 1);
    // The sum of the queries is their mean times their number, which joins the length of the keys.
    const auto tokens = static_cast<double>(shape[1]);
    const NodeId key = scaled_to_length(scope / "to_key", (scope / "to_key").linear(x, shape[2]), tokens);
    const NodeId mean = scope.add(Reduce{.kind = ReduceKind::kMean, .axes = {1}}, {query}, "mean_query");
    const NodeId mixed = (scope / "proj").linear(scope.product(key, mean), shape[2]);
    return (scope / "final").linear(scope.sum(mixed, query), shape[2]);
}

NodeId mlp(const SwiftFormer& net, const Scope& scope, NodeId x) {
    const std::int64_t width = scope.type(x).shape[1];
    const NodeId wide = conv(scope / "fc1", (scope / "norm1").batch_norm(x, net.eps), net.hidden(width), 1);
    return conv(scope / "fc2", scope.activation(wide, net.activation), width, 1);
}

/// x + scale * attention(x), x + scale * mlp(x): the last block of a stage.
NodeId attention_block(const SwiftFormer& net, const Scope& scope, NodeId x) {
    const Shape shape = scope.type(x).shape;
    const NodeId tokens = scope.tokens(conv_block(net, scope / "local_representation", x, shape[1]));
    NodeId mixed = additive_attention(scope / "attn", tokens);
    if (net.layer_scale) {
        const Tensor scale = scope.values("layer_scale_1", {shape[1], 1, 1}, Role::kLayerScale);
        mixed = scope.product(mixed, scope.constant("layer_scale_1", scale.reshaped({shape[1]})));
    }
    const NodeId middle = scope.image(scope.sum(mixed, tokens), shape[2], shape[3]);
    NodeId branch = mlp(net, scope / "linear", middle);
    if (net.layer_scale) branch = scaled_channels(scope, branch, "layer_scale_2");
    return scope.sum(branch, middle);
}

NodeId run_stage(const SwiftFormer& net, const Scope& scope, NodeId x, std::int64_t depth) {
    for (std::int64_t i = 0; i < depth; ++i) {
        const Scope block = scope / "blocks" / i;
        x = i + 1 == depth ? attention_block(net, block, x)
                           : conv_block(net, block, x, net.hidden(scope.type(x).shape[1]));
    }
    return x;
}

}  // namespace

Pixels swiftformer_image_size(const Config& config) { return config.pixels("image_size", 224); }

NodeId build_swiftformer(const Config& config, const Scope& root, NodeId pixels, std::int64_t classes) {
    const SwiftFormer net = read(config);
    const Scope network = root / "swiftformer" / "encoder" / "network";
    NodeId x = stem(net, root / "swiftformer" / "patch_embed" / "patch_embedding", pixels);
    std::int64_t entry = 0;
    for (std::size_t stage = 0; stage < net.depths.size(); ++stage) {
        x = run_stage(net, network / entry++, x, net.depths[stage]);
        if (stage + 1 == net.depths.size()) break;
        const std::int64_t next = net.widths[stage + 1];
        if (net.downsamples[stage] || net.widths[stage] != next)
            x = downsample(net, network / entry++, x, next);
    }
    const NodeId mean = root.global_average((root / "norm").batch_norm(x, net.eps));
    const NodeId own = (root / "head").linear(mean, classes);
    const NodeId taught = (root / "dist_head").linear(mean, classes);
    return root.product(root.sum(own, taught), root.scalar("half", 0.5F));
}

}  // namespace espalier::models
