// Data-efficient image Transformer: ViT with a distillation token behind the class token. Touvron et al.
// 2020, "Training data-efficient image transformers & distillation through attention" (arXiv 2012.12877).
// Checkpoint of reference: facebook/deit-base-distilled-patch16-224.

#include "models/architecture.h"
#include "models/vision_transformer.h"

namespace espalier::models {

using namespace graph;

namespace {

/// [n, c, h, w] -> [n, 2 + patches, width]: class token, distillation token, patches, plus positions.
NodeId embed(const VisionTransformer& vit, const Scope& scope, NodeId pixels) {
    const NodeId patches = embed_patches(vit, scope, pixels);
    const auto token = [&](std::string_view name) {
        const NodeId one = scope.weight(name, {1, 1, vit.width}, Role::kEmbedding);
        return scope.add(BroadcastBatch{}, {one, pixels}, name);
    };
    const NodeId all =
        scope.add(Concat{.axis = 1}, {token("cls_token"), token("distillation_token"), patches}, "concat");
    const Shape shape = scope.type(all).shape;
    return scope.sum(all, scope.weight("position_embeddings", {1, shape[1], shape[2]}, Role::kEmbedding));
}

/// The mean of what the classes' head and the teacher's head say.
NodeId two_heads(const Scope& root, NodeId x, std::int64_t classes) {
    const NodeId own = (root / "cls_classifier").linear(root.token(x, 0), classes);
    const NodeId taught = (root / "distillation_classifier").linear(root.token(x, 1), classes);
    return root.product(root.sum(own, taught), root.scalar("half", 0.5F));
}

}  // namespace

Pixels deit_image_size(const Config& config) { return config.pixels("image_size", 224); }

NodeId build_deit(const Config& config, const Scope& root, NodeId pixels, std::int64_t classes) {
    const VisionTransformer vit = read_vision_transformer(config);
    require_trained_size(config, vit.image, root.type(pixels).shape);
    const Scope net = root / "deit";
    NodeId x = embed(vit, net / "embeddings", pixels);
    x = encode(vit, net / "encoder", x, read_hidden_width(config));
    x = (net / "layernorm").layer_norm(x, vit.eps);
    if (config.architecture() == "DeiTForImageClassificationWithTeacher") return two_heads(root, x, classes);
    return (root / "classifier").linear(net.token(x, 0), classes);
}

}  // namespace espalier::models
