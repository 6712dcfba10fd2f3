#pragma once

#include "models/config.h"
#include "models/scope.h"

namespace espalier::models {

// What Vision Transformers have in common: transformers' classes for DeiT, BEiT, Data2Vec and DINOv2 keep
// ViT's configuration keys and the names of its weights.

/// The sizes that one configuration gives all layers.
struct VisionTransformer {
    std::int64_t width, layers, heads;
    double eps;
    bool qkv_bias;
    std::string activation;
    Pixels image, patch;  ///< of training: the learned positions are those of image / patch
};

/// Defaults in which the configuration classes differ.
struct VisionTransformerDefaults {
    double eps = 1e-12;
    std::int64_t patch = 16;
};

/// Throws Error naming the key where sizes do not divide or fit.
VisionTransformer read_vision_transformer(const Config& config, VisionTransformerDefaults defaults = {});

/// ViT's `intermediate_size`, which DINOv2 computes otherwise.
std::int64_t read_hidden_width(const Config& config);

/// How many whole patches there are along each edge.
Pixels grid_of(Pixels image, Pixels patch);

/// Throws Error unless the images [n, c, h, w] that come in have the size of training.
void require_trained_size(const Config& config, Pixels trained, const Shape& input);

/// [n, c, h, w] -> [n, patches, width], a token per whole patch, row by row ("patch_embeddings.projection").
/// Throws Error where an image is smaller than a patch.
graph::NodeId embed_patches(const VisionTransformer& vit, const Scope& embeddings, graph::NodeId pixels);

/// The same tokens f32 [k, width] in front of those of each image: [n, t, width] -> [n, k + t, width].
graph::NodeId prepend(const Scope& embeddings, const Tensor& front, graph::NodeId tokens);

/// What distinguishes the self-attention of one family from that of another.
struct SelfAttention {
    bool key_bias = true;                       ///< where queries and values have one
    graph::NodeId bias = graph::NodeId::kNone;  ///< of the scores, see Heads
};

/// Self-attention over tokens [n, t, width] and its output projection ("attention.query" ... "output.dense").
graph::NodeId self_attention(const VisionTransformer& vit, const Scope& attention, graph::NodeId x,
                             const SelfAttention& options = {});

/// "intermediate.dense", activation, "output.dense"
graph::NodeId feed_forward(const VisionTransformer& vit, const Scope& layer, graph::NodeId x,
                           std::int64_t hidden);

/// All layers of ViT's encoder: y = x + attention(norm(x)), y + feed_forward(norm(y)).
graph::NodeId encode(const VisionTransformer& vit, const Scope& encoder, graph::NodeId x,
                     std::int64_t hidden);

}  // namespace espalier::models
