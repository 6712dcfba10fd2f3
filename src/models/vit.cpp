// Vision Transformer. Dosovitskiy et al. 2020, "An Image is Worth 16x16 Words" (arXiv 2010.11929).
// Checkpoint of reference: google/vit-base-patch16-224; DeiT without distillation declares the same
// model_type.

#include "models/architecture.h"
#include "models/vision_transformer.h"

namespace espalier::models {

using namespace graph;

namespace {

/// [n, c, h, w] -> [n, 1 + patches, width]: one token per patch behind the class token, plus positions.
NodeId embed(const VisionTransformer& vit, const Scope& scope, NodeId pixels) {
    const NodeId patches = embed_patches(vit, scope, pixels);
    const NodeId one = scope.weight("cls_token", {1, 1, vit.width}, Role::kEmbedding);
    const NodeId cls = scope.add(BroadcastBatch{}, {one, pixels}, "cls_tokens");
    const NodeId all = scope.add(Concat{.axis = 1}, {cls, patches}, "concat");
    const Shape shape = scope.type(all).shape;
    return scope.sum(all, scope.weight("position_embeddings", {1, shape[1], shape[2]}, Role::kEmbedding));
}

}  // namespace

Pixels vit_image_size(const Config& config) { return config.pixels("image_size", 224); }

NodeId build_vit(const Config& config, const Scope& root, NodeId pixels, std::int64_t classes) {
    const VisionTransformer vit = read_vision_transformer(config);
    require_trained_size(config, vit.image, root.type(pixels).shape);
    const Scope net = root / "vit";
    NodeId x = embed(vit, net / "embeddings", pixels);
    x = encode(vit, net / "encoder", x, read_hidden_width(config));
    x = (net / "layernorm").layer_norm(x, vit.eps);
    return (root / "classifier").linear(net.token(x, 0), classes);
}

}  // namespace espalier::models
