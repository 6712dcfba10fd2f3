// Hiera. Ryali et al. 2023, "Hiera: A Hierarchical Vision Transformer without the Bells-and-Whistles" (arXiv
// 2306.00989). Checkpoint of reference: facebook/hiera-tiny-224-in1k-hf.
//
// Attention stays within mask units, rectangles of the image, which later stages halve by a maximum over the
// queries. The reference orders tokens along the axes [place in the unit..., unit], with the places of the
// first pooling outermost. Here they lie along [unit, place in the unit...]: a unit is a run of tokens and
// pooling a maximum over equal parts of a run, so that both are reshapes. The mean at the end does not see
// the order.

#include "base/error.h"
#include "models/architecture.h"
#include "models/attention.h"
#include "models/hiera_sizes.h"
#include "models/rows.h"
#include "models/vision_transformer.h"

namespace espalier::models {

using namespace graph;

namespace {

/// Where on the grid, counted row by row, the reference's token `index` lies.
std::int64_t place_of(std::int64_t index, Pixels grid, Pixels pooling, std::size_t poolings) {
    Pixels rest = grid;
    for (std::size_t i = 0; i < poolings; ++i) rest = divided(rest, pooling);
    std::int64_t y = index % area(rest) / rest.width;
    std::int64_t x = index % rest.width;
    index /= area(rest);
    for (std::size_t i = 0; i < poolings; ++i) {
        const std::int64_t place = index % area(pooling);
        y = y * pooling.height + place / pooling.width;
        x = x * pooling.width + place % pooling.width;
        index /= area(pooling);
    }
    return y * grid.width + x;
}

/// The reference's index of our token `index` when `tokens` of them form `units`.
std::int64_t reference_index(std::int64_t index, std::int64_t tokens, std::int64_t units) {
    const std::int64_t run = tokens / units;
    return index % run * units + index / run;
}

/// Patches with their positions, row by row: [n, tokens, width].
NodeId embed(const Config& config, const Hiera& net, const Scope& scope, NodeId pixels, Pixels grid) {
    const std::int64_t width = net.stages[0].width;
    const NodeId patches =
        (scope / "patch_embeddings" / "projection")
            .conv(pixels, {.out = width,
                           .kernel = {net.patch.height, net.patch.width},
                           .stride = {net.stride.height, net.stride.width},
                           .pad = {net.pad.height, net.pad.width, net.pad.height, net.pad.width},
                           .bias = true});
    const Shape shape = scope.type(patches).shape;
    if (!(grid == Pixels{shape[2], shape[3]})) {
        config.wrong("patch_padding",
                     fmt::format("such that there are image_size / patch_stride patches, {} x {}, "
                                 "not {} x {}",
                                 grid.height, grid.width, shape[2], shape[3]));
    }
    return scope.sum(scope.tokens(patches),
                     scope.weight("position_embeddings", {1, area(grid), width}, Role::kEmbedding));
}

/// Tokens in the order described above.
struct Tokens {
    NodeId x;  ///< [n, tokens, width]
    std::int64_t count;
    std::int64_t units;  ///< runs that the tokens of an image form
};

/// From row by row to the order of the first stage's units.
Tokens unroll(const Config& config, const Hiera& net, const Scope& scope, NodeId x, Pixels grid) {
    const std::size_t poolings = net.stages.size() - 1;
    Pixels rest = grid;
    for (std::size_t i = 0; i < poolings; ++i, rest = divided(rest, net.pooling)) {
        if (!divides(net.pooling, rest)) {
            config.wrong("image_size",
                         fmt::format("such that its {} x {} patches are {} times divisible by query_stride",
                                     grid.height, grid.width, poolings));
        }
    }
    const std::int64_t count = area(grid);
    const std::int64_t unit = net.stages[0].unit;
    const std::int64_t units = count % unit == 0 ? count / unit : 1;
    Gather gather{.axis = 1, .indices = {}};
    for (std::int64_t i = 0; i < count; ++i) {
        gather.indices.push_back(place_of(reference_index(i, count, units), grid, net.pooling, poolings));
    }
    return {scope.add(gather, {x}, "unroll"), count, units};
}

/// Tokens as other units: only stages that no longer pool divide units further.
Tokens regroup(const Scope& scope, const Tokens& tokens, std::int64_t units) {
    if (units == tokens.units) return tokens;
    Gather gather{.axis = 1, .indices = {}};
    for (std::int64_t i = 0; i < tokens.count; ++i) {
        // Exchanging rows and columns twice, the second time back, is the identity.
        const std::int64_t index = reference_index(i, tokens.count, units);
        gather.indices.push_back(reference_index(index, tokens.count, tokens.count / tokens.units));
    }
    return {scope.add(gather, {tokens.x}, "regroup"), tokens.count, units};
}

/// The maximum over `pool` equal parts of each unit, as runs of `run` tokens before: [.., width] -> [.., run
/// / pool, width].
NodeId pooled(const Scope& scope, NodeId x, const Tokens& tokens, std::int64_t pool, std::int64_t run) {
    if (pool == 1) return x;
    const std::int64_t width = scope.type(x).shape.back();
    const Ints parts{-1, pool, tokens.count / tokens.units / pool, width};
    const NodeId split = scope.add(Reshape{parts}, {x}, "parts");
    const NodeId most =
        scope.add(Reduce{.kind = ReduceKind::kMax, .axes = {1}, .keep_axes = false}, {split}, "most");
    return scope.add(Reshape{{-1, run / pool, width}}, {most}, "pooled");
}

/// Attention within units or among all tokens, with pooled queries: [n, tokens / pool, width].
NodeId attention(const Scope& scope, const Tokens& tokens, NodeId x, const HieraStage& stage,
                 std::int64_t pool, bool in_units) {
    const std::int64_t in = scope.type(x).shape.back();
    const std::int64_t width = stage.width;
    const std::int64_t run = in_units ? tokens.count / tokens.units : tokens.count;
    const Tensor weight = (scope / "qkv").values("weight", {3 * width, in}, Role::kMatrix);
    const Tensor bias = (scope / "qkv").values("bias", {3 * width}, Role::kShift).reshaped({3, width});
    const NodeId runs = scope.add(Reshape{{-1, run, in}}, {x}, "runs");
    const auto project = [&](std::string_view name, std::int64_t i) {
        const Scope place = scope / name;
        const NodeId w = place.constant("weight", rows(weight, i * width, (i + 1) * width));
        const NodeId b = place.constant("bias", rows(bias, i, i + 1).reshaped({width}));
        return place.add(Linear{}, {runs, w, b});
    };
    const NodeId query = pooled(scope, project("query", 0), tokens, pool, run);
    const NodeId mixed = attend(scope, query, project("key", 1), project("value", 2),
                                {.heads = stage.heads, .scale = inverse_root_depth(width, stage.heads)});
    const NodeId joined = scope.add(Reshape{{-1, tokens.count / pool, width}}, {mixed}, "tokens");
    return (scope / "proj").linear(joined, width);
}

/// Groups the tokens as attention in units of this stage needs it.
Tokens grouped(const Config& config, const Scope& scope, const Tokens& tokens, std::int64_t unit) {
    if (tokens.count % unit != 0) {
        config.wrong("masked_unit_size",
                     fmt::format("such that units of {} tokens divide {} of them", unit, tokens.count));
    }
    return regroup(scope, tokens, tokens.count / unit);
}

/// y = pool(x) + attention(norm(x)), y + mlp(norm(y)); where the width changes, pool(x) is of its own
/// projection.
Tokens layer(const Hiera& net, const Scope& scope, const Tokens& tokens, const HieraStage& stage,
             std::int64_t pool, bool in_units) {
    const NodeId normalized = (scope / "layernorm_before").layer_norm(tokens.x, net.eps);
    NodeId shortcut = tokens.x;
    if (scope.type(tokens.x).shape.back() != stage.width) {
        const NodeId wide = (scope / "proj").linear(normalized, stage.width);
        shortcut = pooled(scope, wide, tokens, pool, tokens.count);
    }
    const NodeId mixed = attention(scope / "attn", tokens, normalized, stage, pool, in_units);
    const NodeId x = (scope / "attn").sum(shortcut, mixed);
    const Scope mlp = scope / "mlp";
    const NodeId hidden =
        (mlp / "fc1").linear((scope / "layernorm_after").layer_norm(x, net.eps), stage.hidden);
    const NodeId narrow = (mlp / "fc2").linear(mlp.activation(hidden, net.activation), stage.width);
    return {mlp.sum(x, narrow), tokens.count / pool, tokens.units};
}

Tokens encode(const Config& config, const Hiera& net, const Scope& encoder, Tokens tokens) {
    for (std::size_t i = 0; i < net.stages.size(); ++i) {
        const HieraStage& stage = net.stages[i];
        for (std::int64_t j = 0; j < stage.depth; ++j) {
            const Scope place = encoder / "stages" / static_cast<std::int64_t>(i) / "layers" / j;
            const std::int64_t pool = j == 0 ? stage.pool : 1;
            const bool in_units = j == 0 ? stage.first_in_units : stage.rest_in_units;
            if (in_units) tokens = grouped(config, place, tokens, pool * stage.unit);
            tokens = layer(net, place, tokens, stage, pool, in_units);
        }
    }
    return tokens;
}

}  // namespace

Pixels hiera_image_size(const Config& config) { return config.pixels("image_size", 224); }

NodeId build_hiera(const Config& config, const Scope& root, NodeId pixels, std::int64_t classes) {
    const Hiera net = read_hiera(config);
    require_trained_size(config, net.image, root.type(pixels).shape);
    const Scope scope = root / "hiera";
    const Pixels grid = grid_of(net.image, net.stride);
    const NodeId patches = embed(config, net, scope / "embeddings", pixels, grid);
    const Tokens tokens = encode(config, net, scope / "encoder", unroll(config, net, scope, patches, grid));
    const NodeId mean = (scope / "pooler" / "layernorm").layer_norm(scope.mean_token(tokens.x), net.eps);
    return (root / "classifier").linear(mean, classes);
}

}  // namespace espalier::models
