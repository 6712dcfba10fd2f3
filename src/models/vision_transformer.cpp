#include "models/vision_transformer.h"

#include "base/error.h"
#include "models/attention.h"

namespace espalier::models {

using namespace graph;

VisionTransformer read_vision_transformer(const Config& config, VisionTransformerDefaults defaults) {
    VisionTransformer vit{.width = config.integer("hidden_size", 768),
                          .layers = config.integer("num_hidden_layers", 12, {1, 512}),
                          .heads = config.integer("num_attention_heads", 12),
                          .eps = config.number("layer_norm_eps", defaults.eps, 0, 1),
                          .qkv_bias = config.flag("qkv_bias", true),
                          .activation = config.text("hidden_act", "gelu"),
                          .image = config.pixels("image_size", 224),
                          .patch = config.pixels("patch_size", defaults.patch)};
    if (vit.width % vit.heads != 0) {
        config.wrong("num_attention_heads", fmt::format("a divisor of hidden_size, which is {}", vit.width));
    }
    if (vit.patch.height > vit.image.height || vit.patch.width > vit.image.width) {
        config.wrong("patch_size",
                     fmt::format("at most image_size, which is {} x {}", vit.image.height, vit.image.width));
    }
    return vit;
}

std::int64_t read_hidden_width(const Config& config) {
    return config.integer("intermediate_size", 3072, {1, 1 << 18});
}

Pixels grid_of(Pixels image, Pixels patch) {
    return {image.height / patch.height, image.width / patch.width};
}

void require_trained_size(const Config& config, Pixels trained, const Shape& input) {
    if (trained == Pixels{input[2], input[3]}) return;
    fail("{} says that images have {} x {} pixels, but the image processor makes {} x {}", config.source(),
         trained.height, trained.width, input[2], input[3]);
}

NodeId embed_patches(const VisionTransformer& vit, const Scope& embeddings, NodeId pixels) {
    const Shape input = embeddings.type(pixels).shape;
    if (input[2] < vit.patch.height || input[3] < vit.patch.width) {
        fail("images of {} x {} pixels, which the image processor makes, are smaller than a patch of {} x {}",
             input[2], input[3], vit.patch.height, vit.patch.width);
    }
    const Pair patch{vit.patch.height, vit.patch.width};
    const NodeId patches =
        (embeddings / "patch_embeddings" / "projection")
            .conv(pixels, {.out = vit.width, .kernel = patch, .stride = patch, .bias = true});
    return embeddings.tokens(patches);
}

NodeId prepend(const Scope& embeddings, const Tensor& front, NodeId tokens) {
    const Shape one{1, front.shape()[0], front.shape()[1]};
    const NodeId constant = embeddings.constant("front", front.reshaped(one));
    const NodeId fronts = embeddings.add(BroadcastBatch{}, {constant, tokens}, "fronts");
    return embeddings.add(Concat{.axis = 1}, {fronts, tokens}, "concat");
}

NodeId self_attention(const VisionTransformer& vit, const Scope& attention, NodeId x,
                      const SelfAttention& options) {
    const Scope self = attention / "attention";
    const auto project = [&](std::string_view name, bool bias) {
        return (self / name).linear(x, vit.width, bias);
    };
    const NodeId q = project("query", vit.qkv_bias);
    const NodeId k = project("key", vit.qkv_bias && options.key_bias);
    const NodeId v = project("value", vit.qkv_bias);
    const NodeId mixed =
        attend(self, q, k, v,
               {.heads = vit.heads, .scale = inverse_root_depth(vit.width, vit.heads), .bias = options.bias});
    return (attention / "output" / "dense").linear(mixed, vit.width);
}

NodeId feed_forward(const VisionTransformer& vit, const Scope& layer, NodeId x, std::int64_t hidden) {
    const NodeId wide = (layer / "intermediate" / "dense").linear(x, hidden);
    const NodeId active = (layer / "intermediate").activation(wide, vit.activation);
    return (layer / "output" / "dense").linear(active, vit.width);
}

NodeId encode(const VisionTransformer& vit, const Scope& encoder, NodeId x, std::int64_t hidden) {
    for (std::int64_t i = 0; i < vit.layers; ++i) {
        const Scope layer = encoder / "layer" / i;
        const NodeId normalized = (layer / "layernorm_before").layer_norm(x, vit.eps);
        x = (layer / "attention").sum(self_attention(vit, layer / "attention", normalized), x);
        const NodeId again = (layer / "layernorm_after").layer_norm(x, vit.eps);
        x = (layer / "output").sum(feed_forward(vit, layer, again, hidden), x);
    }
    return x;
}

}  // namespace espalier::models
