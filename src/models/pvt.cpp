// Pyramid Vision Transformer. Wang et al. 2021 (arXiv 2102.12122). Checkpoint of reference:
// Zetatech/pvt-tiny-224.

#include "base/error.h"
#include "models/architecture.h"
#include "models/pyramid.h"
#include "models/stages.h"

namespace espalier::models {

using namespace graph;

namespace {

struct Pvt {
    std::int64_t image;
    std::vector<std::int64_t> widths, depths, reductions, patches, strides, heads, hidden;
    double eps;
    bool bias;
    std::string activation;

    bool last(std::size_t stage) const { return stage + 1 == widths.size(); }
};

Pvt read(const Config& config) {
    const auto stages = static_cast<std::size_t>(config.integer("num_encoder_blocks", 4, {1, 12}));
    Pvt net{.image = config.integer("image_size", 224, {1, 8192}),
            .widths = per_stage(config, "hidden_sizes", {64, 128, 320, 512}, stages),
            .depths = per_stage(config, "depths", {2, 2, 2, 2}, stages, {0, 256}),
            .reductions = per_stage(config, "sequence_reduction_ratios", {8, 4, 2, 1}, stages, {0, 64}),
            .patches = per_stage(config, "patch_sizes", {4, 2, 2, 2}, stages, {1, 64}),
            .strides = per_stage(config, "strides", {4, 2, 2, 2}, stages, {1, 64}),
            .heads = per_stage(config, "num_attention_heads", {1, 2, 5, 8}, stages),
            .hidden = {},
            .eps = config.number("layer_norm_eps", 1e-6, 0, 1),
            .bias = config.flag("qkv_bias", true),
            .activation = config.text("hidden_act", "gelu")};
    net.hidden = expanded_per_stage(config, "mlp_ratios", {8, 8, 4, 4}, net.widths);
    check_heads(config, "num_attention_heads", net.widths, net.heads);
    return net;
}

/// Number of position embeddings of a stage, which transformers derives from the size of the image as if each
/// stage halved it whatever its patches are.
std::int64_t positions(const Pvt& net, std::size_t stage) {
    const std::int64_t edge = (stage == 0 ? net.image : net.image >> (stage + 1)) / net.patches[stage];
    return edge * edge;
}

/// Patches and their positions, in the last stage behind a class token; tokens only, since what follows needs
/// no image.
TokenMap embed(const Pvt& net, const Scope& scope, NodeId image, std::size_t stage) {
    const std::int64_t width = net.widths[stage], kernel = net.strides[stage], step = net.patches[stage];
    // transformers takes the kernel from strides and the stride from patch_sizes.
    const NodeId patches =
        (scope / "projection")
            .conv(image, {.out = width, .kernel = {kernel, kernel}, .stride = {step, step}, .bias = true});
    TokenMap x = token_map(scope, patches);
    if (x.height * x.width != positions(net, stage)) {
        fail(
            "stage {} has {} x {} tokens, but image_size {} of the configuration means {} position "
            "embeddings; use images of that size",
            stage, x.height, x.width, net.image, positions(net, stage));
    }
    x.tokens = (scope / "layer_norm").layer_norm(x.tokens, net.eps);
    std::int64_t count = positions(net, stage);
    if (net.last(stage)) {
        const NodeId one = scope.weight("cls_token", {1, 1, width}, Role::kEmbedding);
        x.tokens =
            scope.add(Concat{.axis = 1},
                      {scope.add(BroadcastBatch{}, {one, x.tokens}, "cls_tokens"), x.tokens}, "concat");
        ++count;
    }
    x.tokens = scope.sum(x.tokens, scope.weight("position_embeddings", {1, count, width}, Role::kEmbedding));
    return x;
}

NodeId attention(const Pvt& net, const Scope& scope, const TokenMap& x, std::size_t stage) {
    const Scope self = scope / "self";
    const NodeId context = net.reductions[stage] > 1
                               ? reduced_tokens(self, "sequence_reduction", x, net.reductions[stage], net.eps)
                               : x.tokens;
    const NodeId mixed = attend_to(self, x.tokens, context, net.heads[stage], net.bias);
    return (scope / "output" / "dense").linear(mixed, net.widths[stage]);
}

NodeId mlp(const Pvt& net, const Scope& scope, NodeId x, std::size_t stage) {
    const NodeId active = scope.activation((scope / "dense1").linear(x, net.hidden[stage]), net.activation);
    return (scope / "dense2").linear(active, net.widths[stage]);
}

TokenMap block(const Pvt& net, const Scope& scope, TokenMap x, std::size_t stage) {
    const TokenMap normalized{(scope / "layer_norm_1").layer_norm(x.tokens, net.eps), x.height, x.width};
    x.tokens = scope.sum(attention(net, scope / "attention", normalized, stage), x.tokens);
    const NodeId y = (scope / "layer_norm_2").layer_norm(x.tokens, net.eps);
    x.tokens = (scope / "mlp").sum(x.tokens, mlp(net, scope / "mlp", y, stage));
    return x;
}

}  // namespace

Pixels pvt_image_size(const Config& config) { return config.pixels("image_size", 224); }

NodeId build_pvt(const Config& config, const Scope& root, NodeId pixels, std::int64_t classes) {
    const Pvt net = read(config);
    if (net.reductions.back() > 1) {
        config.wrong("sequence_reduction_ratios",
                     "a list whose last used element is 1, since the class token of the last "
                     "stage cannot be reduced");
    }
    const Scope encoder = root / "pvt" / "encoder";
    NodeId image = pixels;
    TokenMap x{};
    for (std::size_t stage = 0; stage < net.widths.size(); ++stage) {
        const auto index = static_cast<std::int64_t>(stage);
        x = embed(net, encoder / "patch_embeddings" / index, image, stage);
        for (std::int64_t layer = 0; layer < net.depths[stage]; ++layer)
            x = block(net, encoder / "block" / index / layer, x, stage);
        if (!net.last(stage)) image = image_of(encoder / "block" / index, x);
    }
    x.tokens = (encoder / "layer_norm").layer_norm(x.tokens, net.eps);
    return (root / "classifier").linear(root.token(x.tokens, 0), classes);
}

}  // namespace espalier::models
