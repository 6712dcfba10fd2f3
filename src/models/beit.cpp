// BEiT. Bao et al. 2021, "BEiT: BERT Pre-Training of Image Transformers" (arXiv 2106.08254), and Data2Vec for
// images, which is the same network. Baevski et al. 2022, "data2vec" (arXiv 2202.03555). Checkpoints of
// reference: microsoft/beit-base-patch16-224, facebook/data2vec-vision-base-ft1k.

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "models/architecture.h"
#include "models/interpolate.h"
#include "models/rows.h"
#include "models/vision_transformer.h"

namespace espalier::models {

using namespace graph;

namespace {

/// Rows of a bias table behind those of pairs of patches: from the class token, to it, and of it to itself.
constexpr std::int64_t kClassRows = 3;

struct Beit {
    VisionTransformer vit;
    std::int64_t hidden;
    bool absolute_positions, layer_bias, shared_bias, layer_scale, mean_pooling;
};

Beit read(const Config& config) {
    Beit net{.vit = read_vision_transformer(config),
             .hidden = read_hidden_width(config),
             .absolute_positions = config.flag("use_absolute_position_embeddings", false),
             .layer_bias = config.flag("use_relative_position_bias", false),
             .shared_bias = config.flag("use_shared_relative_position_bias", false),
             .layer_scale = config.number("layer_scale_init_value", 0.1, -1e6, 1e6) > 0,
             .mean_pooling = config.flag("use_mean_pooling", true)};
    net.vit.qkv_bias = true;  // not an option of these classes
    return net;
}

/// [n, c, h, w] -> [n, 1 + patches, width]; positions, where there are any, are resized to the image.
NodeId embed(const Beit& net, const Scope& scope, NodeId pixels, Pixels grid) {
    const std::int64_t width = net.vit.width;
    NodeId patches = embed_patches(net.vit, scope, pixels);
    Tensor cls = scope.values("cls_token", {1, 1, width}, Role::kEmbedding);
    if (net.absolute_positions) {
        const Pixels trained = grid_of(net.vit.image, net.vit.patch);
        const std::int64_t count = trained.height * trained.width;
        const Tensor all = scope.values("position_embeddings", {1, 1 + count, width}, Role::kEmbedding);
        const Tensor cells = rows(all, 1, 1 + count).reshaped({trained.height, trained.width, width});
        const Tensor resized = interpolate(cells, grid, Interpolation::kBicubic);
        cls = sum(cls, rows(all, 0, 1));
        patches = scope.sum(
            patches, scope.constant("positions", resized.reshaped({1, grid.height * grid.width, width})));
    }
    return prepend(scope, cls.reshaped({1, width}), patches);
}

/// The learned bias of every offset between two patches, resized to the grid: [offsets + kClassRows, heads].
Tensor bias_table(const Beit& net, const Scope& scope, Pixels grid) {
    const Pixels trained = grid_of(net.vit.image, net.vit.patch);
    const Pixels offsets{2 * trained.height - 1, 2 * trained.width - 1};
    const std::int64_t count = offsets.height * offsets.width;
    const Tensor table =
        scope.values("relative_position_bias_table", {count + kClassRows, net.vit.heads}, Role::kEmbedding);
    // The reference takes height for width here, which matters for grids that are not square.
    const Tensor cells = rows(table, 0, count).reshaped({offsets.width, offsets.height, net.vit.heads});
    const Tensor resized =
        interpolate(cells, {2 * grid.height - 1, 2 * grid.width - 1}, Interpolation::kBilinear);
    return stacked({resized, rows(table, count, count + kClassRows)});
}

/// The bias of each pair of tokens: [heads, tokens, tokens].
Tensor relative_bias(const Beit& net, const Scope& scope, Pixels grid) {
    constexpr std::int64_t kMostElements = std::int64_t{1} << 28;
    const std::int64_t tokens = 1 + grid.height * grid.width;
    if (tokens > kMostElements / tokens / net.vit.heads) {
        fail("a bias for {} heads and each pair of {} tokens takes more than 1 GiB: choose smaller images",
             net.vit.heads, tokens);
    }
    const Tensor table = bias_table(net, scope, grid);
    const auto from = table.span<float>();
    const std::int64_t across = 2 * grid.width - 1, offsets = (2 * grid.height - 1) * across;
    const std::int64_t rows = static_cast<std::int64_t>(from.size()) / net.vit.heads;
    std::vector<float> backwards(static_cast<std::size_t>(rows));
    Tensor bias = Tensor::allocate(DType::kF32, {net.vit.heads, tokens, tokens});
    auto to = bias.mutable_span<float>().begin();
    // Token 0 is the class token, whose biases stand behind those of offsets. Along a row of keys the offset
    // to a query falls, so that the row is a piece of the table backwards.
    for (std::int64_t head = 0; head < net.vit.heads; ++head) {
        for (std::int64_t row = 0; row < rows; ++row) {
            backwards[static_cast<std::size_t>(rows - 1 - row)] =
                from[static_cast<std::size_t>(row * net.vit.heads + head)];
        }
        const auto row = [&](std::int64_t i) { return backwards.end() - 1 - i; };
        *to++ = *row(offsets + 2);
        to = std::fill_n(to, tokens - 1, *row(offsets));
        for (std::int64_t query = 0; query < tokens - 1; ++query) {
            *to++ = *row(offsets + 1);
            for (std::int64_t key_row = 0; key_row < grid.height; ++key_row) {
                const std::int64_t down = query / grid.width - key_row + grid.height - 1;
                const std::int64_t right = query % grid.width + grid.width - 1;
                to = std::copy_n(row(down * across + right), grid.width, to);
            }
        }
    }
    return bias;
}

/// What each layer adds to its scores: a bias of its own, the one that all share, the sum of both, or
/// nothing.
std::vector<NodeId> biases(const Beit& net, const Scope& encoder, Pixels grid) {
    // Each layer's table is small; BEiT-large at 512 pixels makes 1.5 GiB of them.
    constexpr std::int64_t kMostElements = std::int64_t{1} << 30;
    const std::int64_t tokens = 1 + grid.height * grid.width;
    if (net.layer_bias && tokens > kMostElements / tokens / net.vit.heads / net.vit.layers) {
        fail(
            "biases for {} layers of {} heads and each pair of {} tokens take more than 4 GiB: choose smaller "
            "images",
            net.vit.layers, net.vit.heads, tokens);
    }
    const Scope common = encoder / "relative_position_bias";
    std::optional<Tensor> shared;
    if (net.shared_bias) shared = relative_bias(net, common, grid);
    std::vector<NodeId> nodes(static_cast<std::size_t>(net.vit.layers), NodeId::kNone);
    if (!net.layer_bias) {
        if (shared) std::fill(nodes.begin(), nodes.end(), common.constant("bias", *shared));
        return nodes;
    }
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        const Scope layer = encoder / "layer" / static_cast<std::int64_t>(i);
        const Scope place = layer / "attention" / "attention" / "relative_position_bias";
        const Tensor own = relative_bias(net, place, grid);
        nodes[i] = place.constant("bias", shared ? sum(own, *shared) : own);
    }
    return nodes;
}

NodeId scaled(const Beit& net, const Scope& scope, NodeId branch, std::string_view name) {
    return net.layer_scale ? scope.scaled(branch, name) : branch;
}

NodeId layer(const Beit& net, const Scope& scope, NodeId x, NodeId bias) {
    const Scope attention = scope / "attention";
    const NodeId normalized = (scope / "layernorm_before").layer_norm(x, net.vit.eps);
    const NodeId mixed = self_attention(net.vit, attention, normalized, {.key_bias = false, .bias = bias});
    x = attention.sum(scaled(net, scope, mixed, "lambda_1"), x);
    const NodeId again = (scope / "layernorm_after").layer_norm(x, net.vit.eps);
    const NodeId wide = feed_forward(net.vit, scope, again, net.hidden);
    return (scope / "output").sum(scaled(net, scope, wide, "lambda_2"), x);
}

/// The normalized mean of the patches, or the normalized class token.
NodeId pool(const Beit& net, const Scope& scope, NodeId x) {
    if (!net.mean_pooling) return (scope / "layernorm").layer_norm(scope.token(x, 0), net.vit.eps);
    const std::int64_t end = scope.type(x).shape[1];
    const NodeId patches = scope.add(Slice{.axis = 1, .begin = 1, .end = end}, {x}, "patches");
    return (scope / "pooler" / "layernorm").layer_norm(scope.mean_token(patches), net.vit.eps);
}

NodeId build(const Config& config, const Scope& root, const Scope& scope, NodeId pixels,
             std::int64_t classes) {
    const Beit net = read(config);
    const Shape input = root.type(pixels).shape;
    const Pixels grid = grid_of({input[2], input[3]}, net.vit.patch);
    NodeId x = embed(net, scope / "embeddings", pixels, grid);
    const auto bias = biases(net, scope / "encoder", grid);
    for (std::int64_t i = 0; i < net.vit.layers; ++i) {
        x = layer(net, scope / "encoder" / "layer" / i, x, bias[static_cast<std::size_t>(i)]);
    }
    return (root / "classifier").linear(pool(net, scope, x), classes);
}

}  // namespace

Pixels beit_image_size(const Config& config) { return config.pixels("image_size", 224); }

NodeId build_beit(const Config& config, const Scope& root, NodeId pixels, std::int64_t classes) {
    return build(config, root, root / "beit", pixels, classes);
}

NodeId build_data2vec_vision(const Config& config, const Scope& root, NodeId pixels, std::int64_t classes) {
    return build(config, root, root / "data2vec_vision", pixels, classes);
}

}  // namespace espalier::models
