// Vision Transformer. Dosovitskiy et al. 2020, "An Image is Worth 16x16 Words" (arXiv 2010.11929).
// Checkpoint of reference: google/vit-base-patch16-224; DeiT without distillation declares the same
// model_type.

#include "base/error.h"
#include "models/architecture.h"
#include "models/attention.h"

namespace espalier::models {

using namespace graph;

namespace {

struct Vit {
    std::int64_t width, layers, heads, hidden;
    double eps;
    bool qkv_bias;
    std::string activation;
    Pixels image, patch;
};

Vit read(const Config& config) {
    Vit vit{.width = config.integer("hidden_size", 768),
            .layers = config.integer("num_hidden_layers", 12, {1, 512}),
            .heads = config.integer("num_attention_heads", 12),
            .hidden = config.integer("intermediate_size", 3072, {1, 1 << 18}),
            .eps = config.number("layer_norm_eps", 1e-12, 0, 1),
            .qkv_bias = config.flag("qkv_bias", true),
            .activation = config.text("hidden_act", "gelu"),
            .image = config.pixels("image_size", 224),
            .patch = config.pixels("patch_size", 16)};
    if (vit.width % vit.heads != 0) {
        config.wrong("num_attention_heads", fmt::format("a divisor of hidden_size, which is {}", vit.width));
    }
    return vit;
}

/// [n, c, h, w] -> [n, 1 + patches, width]: one token per patch behind the class token, plus positions.
NodeId embed(const Vit& vit, const Scope& scope, NodeId pixels) {
    const Pair patch{vit.patch.height, vit.patch.width};
    const NodeId patches =
        (scope / "patch_embeddings" / "projection")
            .conv(pixels, {.out = vit.width, .kernel = patch, .stride = patch, .bias = true});
    const NodeId tokens = scope.tokens(patches);
    const NodeId one = scope.weight("cls_token", {1, 1, vit.width}, Role::kEmbedding);
    const NodeId cls = scope.add(BroadcastBatch{}, {one, pixels}, "cls_tokens");
    const NodeId all = scope.add(Concat{.axis = 1}, {cls, tokens}, "concat");
    const Shape& shape = scope.type(all).shape;
    return scope.sum(all, scope.weight("position_embeddings", {1, shape[1], shape[2]}, Role::kEmbedding));
}

/// Self-attention and its output projection.
NodeId self_attention(const Vit& vit, const Scope& scope, NodeId x) {
    const Scope self = scope / "attention";
    const auto project = [&](std::string_view name) { return (self / name).linear(x, vit.width, vit.qkv_bias); };
    const NodeId mixed = attend(self, project("query"), project("key"), project("value"),
                                {.heads = vit.heads, .scale = inverse_root_depth(vit.width, vit.heads)});
    return (scope / "output" / "dense").linear(mixed, vit.width);
}

NodeId encode(const Vit& vit, const Scope& scope, NodeId x) {
    const NodeId attended =
        self_attention(vit, scope / "attention", (scope / "layernorm_before").layer_norm(x, vit.eps));
    const NodeId middle = (scope / "attention").sum(attended, x);
    const NodeId normalized = (scope / "layernorm_after").layer_norm(middle, vit.eps);
    const NodeId wide = (scope / "intermediate" / "dense").linear(normalized, vit.hidden);
    const NodeId active = (scope / "intermediate").activation(wide, vit.activation);
    return (scope / "output").sum((scope / "output" / "dense").linear(active, vit.width), middle);
}

}  // namespace

Pixels vit_image_size(const Config& config) { return config.pixels("image_size", 224); }

NodeId build_vit(const Config& config, const Scope& root, NodeId pixels, std::int64_t classes) {
    const Vit vit = read(config);
    const Shape& input = root.type(pixels).shape;
    if (!(vit.image == Pixels{input[2], input[3]})) {
        fail("{} says that images have {} x {} pixels, but the image processor makes {} x {}",
             config.source(), vit.image.height, vit.image.width, input[2], input[3]);
    }
    const Scope net = root / "vit";
    NodeId x = embed(vit, net / "embeddings", pixels);
    for (std::int64_t i = 0; i < vit.layers; ++i) x = encode(vit, net / "encoder" / "layer" / i, x);
    x = (net / "layernorm").layer_norm(x, vit.eps);
    return (root / "classifier").linear(net.token(x, 0), classes);
}

}  // namespace espalier::models
