// SegFormer's encoder as a classifier (Mix Transformer). Xie et al. 2021 (arXiv 2105.15203).
// Checkpoint of reference: nvidia/mit-b0.

#include "models/architecture.h"
#include "models/pyramid.h"
#include "models/stages.h"

namespace espalier::models {

using namespace graph;

namespace {

/// torch's default for layer normalization; transformers reads layer_norm_eps but does not use it.
constexpr double kEps = 1e-5;

struct Segformer {
    std::vector<std::int64_t> widths, depths, reductions, patches, strides, heads, hidden;
    std::string activation;
};

Segformer read(const Config& config) {
    const auto stages = static_cast<std::size_t>(config.integer("num_encoder_blocks", 4, {1, 16}));
    Segformer net{.widths = per_stage(config, "hidden_sizes", {32, 64, 160, 256}, stages),
                  .depths = per_stage(config, "depths", {2, 2, 2, 2}, stages, {0, 256}),
                  .reductions = per_stage(config, "sr_ratios", {8, 4, 2, 1}, stages, {0, 64}),
                  .patches = per_stage(config, "patch_sizes", {7, 3, 3, 3}, stages, {1, 64}),
                  .strides = per_stage(config, "strides", {4, 2, 2, 2}, stages, {1, 64}),
                  .heads = per_stage(config, "num_attention_heads", {1, 2, 5, 8}, stages),
                  .hidden = {},
                  .activation = config.text("hidden_act", "gelu")};
    net.hidden = expanded_per_stage(config, "mlp_ratios", {4, 4, 4, 4}, net.widths);
    check_heads(config, "num_attention_heads", net.widths, net.heads);
    return net;
}

NodeId attention(const Segformer& net, const Scope& scope, const TokenMap& x, std::size_t stage) {
    const Scope self = scope / "self";
    const NodeId context =
        net.reductions[stage] > 1 ? reduced_tokens(self, "sr", x, net.reductions[stage], kEps) : x.tokens;
    const NodeId mixed = attend_to(self, x.tokens, context, net.heads[stage], true);
    return (scope / "output" / "dense").linear(mixed, net.widths[stage]);
}

TokenMap block(const Segformer& net, const Scope& scope, TokenMap x, std::size_t stage) {
    const auto normalized = [&](std::string_view norm) {
        return TokenMap{(scope / norm).layer_norm(x.tokens, kEps), x.height, x.width};
    };
    x.tokens = scope.sum(attention(net, scope / "attention", normalized("layer_norm_1"), stage), x.tokens);
    x.tokens = (scope / "mlp")
                   .sum(mix_feed_forward(scope / "mlp", normalized("layer_norm_2"), net.hidden[stage],
                                         net.activation),
                        x.tokens);
    return x;
}

}  // namespace

/// The configuration does not tell; this is the size of its image processor.
Pixels segformer_image_size(const Config&) { return {512, 512}; }

NodeId build_segformer(const Config& config, const Scope& root, NodeId pixels, std::int64_t classes) {
    const Segformer net = read(config);
    const Scope encoder = root / "segformer" / "encoder";
    NodeId image = pixels;
    TokenMap x{};
    for (std::size_t stage = 0; stage < net.widths.size(); ++stage) {
        const auto index = static_cast<std::int64_t>(stage);
        const Scope embed = encoder / "patch_embeddings" / index;
        const Conv patches = overlapping(net.widths[stage], net.patches[stage], net.strides[stage]);
        x = token_map(embed, (embed / "proj").conv(image, patches));
        x.tokens = (embed / "layer_norm").layer_norm(x.tokens, kEps);
        for (std::int64_t layer = 0; layer < net.depths[stage]; ++layer)
            x = block(net, encoder / "block" / index / layer, x, stage);
        x.tokens = (encoder / "layer_norm" / index).layer_norm(x.tokens, kEps);
        image = image_of(encoder / "layer_norm" / index, x);
    }
    return (root / "classifier").linear(root.mean_token(x.tokens), classes);
}

}  // namespace espalier::models
