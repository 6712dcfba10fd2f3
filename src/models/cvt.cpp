// Convolutional vision Transformer. Wu et al. 2021, "CvT: Introducing Convolutions to Vision Transformers"
// (arXiv 2103.15808). Checkpoint of reference: microsoft/cvt-13.

#include "base/error.h"
#include "models/architecture.h"
#include "models/attention.h"
#include "models/windows.h"

namespace espalier::models {

using namespace graph;

namespace {

/// Epsilon of every norm: torch's default, whatever layer_norm_eps says.
constexpr double kEps = 1e-5;

/// A square convolution.
struct Filter {
    std::int64_t kernel, stride, pad;
};

struct Stage {
    std::int64_t width, heads, depth;
    double mlp_ratio;
    bool qkv_bias, class_token;
    Filter patch, query, key_value;
};

/// One list per option, as the configuration has them.
struct Lists {
    std::vector<std::int64_t> depth, width, heads, patch, patch_stride, patch_pad, kernel, query_stride,
        query_pad, key_value_stride, key_value_pad;
    std::vector<double> mlp_ratio;
    std::vector<bool> qkv_bias, class_token;
    std::vector<std::string> projection;
};

Lists read_lists(const Config& config) {
    constexpr Limits kSides{1, 64};
    constexpr Limits kPads{0, 64};
    return {.depth = config.integers("depth", {1, 2, 10}, {1, 256}, {1, 8}),
            .width = config.integers("embed_dim", {64, 192, 384}),
            .heads = config.integers("num_heads", {1, 3, 6}, {1, 1024}),
            .patch = config.integers("patch_sizes", {7, 3, 3}, kSides),
            .patch_stride = config.integers("patch_stride", {4, 2, 2}, kSides),
            .patch_pad = config.integers("patch_padding", {2, 1, 1}, kPads),
            .kernel = config.integers("kernel_qkv", {3, 3, 3}, kSides),
            .query_stride = config.integers("stride_q", {1, 1, 1}, kSides),
            .query_pad = config.integers("padding_q", {1, 1, 1}, kPads),
            .key_value_stride = config.integers("stride_kv", {2, 2, 2}, kSides),
            .key_value_pad = config.integers("padding_kv", {1, 1, 1}, kPads),
            .mlp_ratio = config.numbers("mlp_ratio", {4, 4, 4}, 1e-3, 64),
            .qkv_bias = config.flags("qkv_bias", {true, true, true}),
            .class_token = config.flags("cls_token", {false, false, true}),
            .projection = config.texts("qkv_projection_method", {"dw_bn", "dw_bn", "dw_bn"})};
}

void check_lengths(const Config& config, const Lists& lists) {
    const std::size_t stages = lists.depth.size();
    const auto check = [&](std::string_view key, std::size_t length) {
        if (length != stages) config.wrong(key, fmt::format("as long as depth, which has {} stages", stages));
    };
    check("embed_dim", lists.width.size());
    check("num_heads", lists.heads.size());
    check("patch_sizes", lists.patch.size());
    check("patch_stride", lists.patch_stride.size());
    check("patch_padding", lists.patch_pad.size());
    check("kernel_qkv", lists.kernel.size());
    check("stride_q", lists.query_stride.size());
    check("padding_q", lists.query_pad.size());
    check("stride_kv", lists.key_value_stride.size());
    check("padding_kv", lists.key_value_pad.size());
    check("mlp_ratio", lists.mlp_ratio.size());
    check("qkv_bias", lists.qkv_bias.size());
    check("cls_token", lists.class_token.size());
    check("qkv_projection_method", lists.projection.size());
}

Stage stage_of(const Config& config, const Lists& lists, std::size_t i) {
    const Stage stage{.width = lists.width[i],
                      .heads = lists.heads[i],
                      .depth = lists.depth[i],
                      .mlp_ratio = lists.mlp_ratio[i],
                      .qkv_bias = lists.qkv_bias[i],
                      .class_token = lists.class_token[i],
                      .patch = {lists.patch[i], lists.patch_stride[i], lists.patch_pad[i]},
                      .query = {lists.kernel[i], lists.query_stride[i], lists.query_pad[i]},
                      .key_value = {lists.kernel[i], lists.key_value_stride[i], lists.key_value_pad[i]}};
    if (stage.width % stage.heads != 0) config.wrong("num_heads", "divisors of the numbers in embed_dim");
    if (static_cast<std::int64_t>(stage.mlp_ratio * static_cast<double>(stage.width)) < 1) {
        config.wrong("mlp_ratio",
                     fmt::format("large enough to leave something of a width of {}", stage.width));
    }
    // The class makes every class token as wide as the last stage.
    if (stage.class_token && stage.width != lists.width.back()) {
        config.wrong("cls_token", "true only for stages as wide as the last one");
    }
    if (lists.projection[i] != "dw_bn") config.wrong("qkv_projection_method", "\"dw_bn\" for every stage");
    if (stage.query.stride != 1 || stage.query.kernel != 2 * stage.query.pad + 1) {
        config.wrong("padding_q",
                     "half of an odd kernel_qkv, with a stride_q of 1: the queries keep their number");
    }
    return stage;
}

std::vector<Stage> read(const Config& config) {
    const Lists lists = read_lists(config);
    check_lengths(config, lists);
    std::vector<Stage> stages;
    for (std::size_t i = 0; i < lists.depth.size(); ++i) stages.push_back(stage_of(config, lists, i));
    // The class classifies by the class token alone.
    if (!stages.back().class_token) config.wrong("cls_token", "true for the last stage");
    return stages;
}

Conv conv_of(const Filter& filter, std::int64_t out) {
    const auto [kernel, stride, pad] = filter;
    return {.out = out, .kernel = {kernel, kernel}, .stride = {stride, stride}, .pad = {pad, pad, pad, pad}};
}

/// Overlapping patches of an image as tokens.
Tokens embed(const Stage& stage, const Scope& scope, NodeId image) {
    Conv conv = conv_of(stage.patch, stage.width);
    conv.bias = true;
    const NodeId patches = (scope / "projection").conv(image, conv);
    const Shape grid = scope.type(patches).shape;
    return {(scope / "normalization").layer_norm(scope.tokens(patches), kEps), {grid[2], grid[3]}};
}

/// Tokens with or without a class token in front.
struct Sequence {
    NodeId class_token = NodeId::kNone;  ///< [n, 1, c]
    NodeId image = NodeId::kNone;        ///< [n, c, h, w]
};

NodeId with_class_token(const Scope& scope, NodeId class_token, NodeId tokens) {
    if (class_token == NodeId::kNone) return tokens;
    return scope.add(Concat{.axis = 1}, {class_token, tokens}, "concat");
}

Sequence split(const Stage& stage, const Scope& scope, NodeId x, const Grid& grid) {
    if (!stage.class_token) return {.image = scope.image(x, grid.height, grid.width)};
    const NodeId first = scope.add(Slice{.axis = 1, .begin = 0, .end = 1}, {x}, "class_token");
    const NodeId rest =
        scope.add(Slice{.axis = 1, .begin = 1, .end = 1 + grid.tokens()}, {x}, "image_tokens");
    return {first, scope.image(rest, grid.height, grid.width)};
}

/// Depthwise convolution, batch normalization and a linear layer, which the class token alone passes.
NodeId project(const Stage& stage, const Scope& scope, const Sequence& x, std::string_view name,
               const Filter& filter) {
    const Scope place = scope / fmt::format("convolution_projection_{}", name) / "convolution_projection";
    Conv conv = conv_of(filter, stage.width);
    conv.groups = stage.width;
    const NodeId filtered =
        (place / "normalization").batch_norm((place / "convolution").conv(x.image, conv), kEps);
    const NodeId tokens = with_class_token(place, x.class_token, place.tokens(filtered));
    return (scope / fmt::format("projection_{}", name)).linear(tokens, stage.width, stage.qkv_bias);
}

NodeId self_attention(const Stage& stage, const Scope& scope, NodeId x, const Grid& grid) {
    const Scope self = scope / "attention";
    const Sequence sequence = split(stage, self, x, grid);
    // The whole width, not that of a head.
    const double scale = inverse_root_depth(stage.width, 1);
    const NodeId mixed = attend(self, project(stage, self, sequence, "query", stage.query),
                                project(stage, self, sequence, "key", stage.key_value),
                                project(stage, self, sequence, "value", stage.key_value),
                                {.heads = stage.heads, .scale = scale});
    return (scope / "output" / "dense").linear(mixed, stage.width);
}

NodeId block(const Stage& stage, const Scope& scope, NodeId x, const Grid& grid) {
    const NodeId normalized = (scope / "layernorm_before").layer_norm(x, kEps);
    const NodeId middle =
        (scope / "attention").sum(self_attention(stage, scope / "attention", normalized, grid), x);
    const auto hidden = static_cast<std::int64_t>(stage.mlp_ratio * static_cast<double>(stage.width));
    const NodeId wide = (scope / "intermediate" / "dense")
                            .linear((scope / "layernorm_after").layer_norm(middle, kEps), hidden);
    const NodeId active = (scope / "intermediate").activation(wide, "gelu");
    return scope.sum((scope / "output" / "dense").linear(active, stage.width), middle);
}

Sequence run_stage(const Stage& stage, const Scope& scope, NodeId image) {
    const auto [tokens, grid] = embed(stage, scope / "embedding" / "convolution_embeddings", image);
    NodeId x = tokens;
    if (stage.class_token) {
        const NodeId one = scope.weight("cls_token", {1, 1, stage.width}, Role::kEmbedding);
        x = with_class_token(scope, scope.add(BroadcastBatch{}, {one, image}, "cls_tokens"), tokens);
    }
    for (std::int64_t i = 0; i < stage.depth; ++i) x = block(stage, scope / "layers" / i, x, grid);
    return split(stage, scope, x, grid);
}

}  // namespace

Pixels cvt_image_size(const Config&) { return {224, 224}; }

NodeId build_cvt(const Config& config, const Scope& root, NodeId pixels, std::int64_t classes) {
    const std::vector<Stage> stages = read(config);
    Sequence x{.image = pixels};
    for (std::size_t i = 0; i < stages.size(); ++i) {
        x = run_stage(stages[i], root / "cvt" / "encoder" / "stages" / static_cast<std::int64_t>(i), x.image);
    }
    const NodeId normalized = (root / "layernorm").layer_norm(x.class_token, kEps);
    return (root / "classifier").linear(root.add(Reshape{{0, -1}}, {normalized}, "token"), classes);
}

}  // namespace espalier::models
