// timm's Vision Transformers. Dosovitskiy et al. 2020 (arXiv 2010.11929); DeiT without distillation, Touvron
// et al. 2020 (arXiv 2012.12877). Checkpoint of reference: timm/vit_base_patch16_224.augreg2_in21k_ft_in1k.

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/error.h"
#include "models/attention.h"
#include "models/timm.h"

namespace espalier::models {

using namespace graph;

namespace {

constexpr double kEps = 1e-6;

struct Size {
    std::string_view name;
    std::int64_t width, layers, heads;
    double mlp_ratio = 4;
};

constexpr auto kSizes = std::to_array<Size>({
    {"vit_tiny", 192, 12, 3},
    {"vit_small", 384, 12, 6},
    {"vit_base", 768, 12, 12},
    {"vit_large", 1024, 24, 16},
    {"vit_huge", 1280, 32, 16},
    {"vit_giant", 1408, 40, 16, 48.0 / 11},
    {"vit_gigantic", 1664, 48, 16, 64.0 / 13},
    {"deit_tiny", 192, 12, 3},
    {"deit_small", 384, 12, 6},
    {"deit_base", 768, 12, 12},
});

/// "vit_base_patch16_224": a size, the edge of a patch, and the edge of the image.
struct Name {
    Size size;
    std::int64_t patch, image;
};

/// The number that `text` begins with, which is cut off; 0 where there is none.
std::int64_t take_number(std::string_view& text) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || number < 1 || number > 8192) return 0;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return number;
}

std::optional<Name> parse(std::string_view text) {
    constexpr std::string_view kPatch = "_patch";
    const auto at = text.find(kPatch);
    if (at == std::string_view::npos) return {};
    const auto size = std::find_if(kSizes.begin(), kSizes.end(),
                                   [&](const Size& row) { return row.name == text.substr(0, at); });
    if (size == kSizes.end()) return {};
    text.remove_prefix(at + kPatch.size());
    Name name{*size, take_number(text), 0};
    if (!text.starts_with('_')) return {};
    text.remove_prefix(1);
    name.image = take_number(text);
    if (name.patch == 0 || name.image == 0 || !text.empty()) return {};
    return name;
}

struct Vit {
    std::int64_t width, layers, heads, hidden;
    Pixels patch;
    bool qkv_bias, layer_scale, average;
};

Vit read(const TimmNetwork& network) {
    check_arguments(network, {"in_chans", "img_size", "patch_size", "embed_dim", "depth", "num_heads",
                              "mlp_ratio", "qkv_bias", "init_values", "global_pool"});
    const Name name = *parse(network.name);
    const Config& arguments = network.arguments;
    const std::string pool = arguments.text("global_pool", "token");
    if (pool != "token" && pool != "avg") arguments.wrong("global_pool", "\"token\" or \"avg\"");
    Vit vit{.width = arguments.integer("embed_dim", name.size.width),
            .layers = arguments.integer("depth", name.size.layers, {1, 512}),
            .heads = arguments.integer("num_heads", name.size.heads),
            .hidden = 0,
            .patch = arguments.pixels("patch_size", name.patch),
            .qkv_bias = arguments.flag("qkv_bias", true),
            .layer_scale = arguments.has("init_values"),
            .average = pool == "avg"};
    const double ratio = arguments.number("mlp_ratio", name.size.mlp_ratio, 1e-3, 64);
    vit.hidden = static_cast<std::int64_t>(static_cast<double>(vit.width) * ratio);
    if (vit.width % vit.heads != 0) {
        arguments.wrong("num_heads", fmt::format("a divisor of the width, which is {}", vit.width));
    }
    if (vit.hidden < 1) arguments.wrong("mlp_ratio", "large enough to leave hidden features");
    return vit;
}

/// [n, c, h, w] -> [n, 1 + patches, width]: one token per whole patch behind the class token, plus positions.
NodeId embed(const Vit& vit, const Scope& root, NodeId pixels) {
    const Pair patch{vit.patch.height, vit.patch.width};
    const Scope scope = root / "patch_embed";
    const NodeId patches =
        (scope / "proj").conv(pixels, {.out = vit.width, .kernel = patch, .stride = patch, .bias = true});
    const NodeId one = root.weight("cls_token", {1, 1, vit.width}, Role::kEmbedding);
    const NodeId cls = root.add(BroadcastBatch{}, {one, pixels}, "cls_tokens");
    const NodeId all = root.add(Concat{.axis = 1}, {cls, scope.tokens(patches)}, "concat");
    const Shape shape = root.type(all).shape;
    return root.sum(all, root.weight("pos_embed", {1, shape[1], shape[2]}, Role::kEmbedding));
}

/// x + scale * branch, where the scale is "gamma" of `name` and there only with layer scale.
NodeId add_branch(const Vit& vit, const Scope& scope, std::string_view name, NodeId x, NodeId branch) {
    const Scope place = scope / name;
    return place.sum(x, vit.layer_scale ? place.scaled(branch, "gamma") : branch);
}

NodeId encode(const Vit& vit, const Scope& scope, NodeId x) {
    const Scope attn = scope / "attn";
    const NodeId qkv =
        (attn / "qkv").linear((scope / "norm1").layer_norm(x, kEps), 3 * vit.width, vit.qkv_bias);
    const NodeId mixed =
        attend_packed(attn, qkv, {.heads = vit.heads, .scale = inverse_root_depth(vit.width, vit.heads)});
    x = add_branch(vit, scope, "ls1", x, (attn / "proj").linear(mixed, vit.width));
    const Scope mlp = scope / "mlp";
    const NodeId wide = (mlp / "fc1").linear((scope / "norm2").layer_norm(x, kEps), vit.hidden);
    return add_branch(vit, scope, "ls2", x, (mlp / "fc2").linear(mlp.activation(wide, "gelu"), vit.width));
}

/// The normalized class token, or the normalized mean of the patches.
NodeId features(const Vit& vit, const Scope& root, NodeId x) {
    if (!vit.average) return root.token((root / "norm").layer_norm(x, kEps), 0);
    const std::int64_t tokens = root.type(x).shape[1];
    const NodeId patches = root.add(Slice{.axis = 1, .begin = 1, .end = tokens}, {x}, "patches");
    return (root / "fc_norm").layer_norm(root.mean_token(patches), kEps);
}

NodeId build(const TimmNetwork& network, const Scope& root, NodeId pixels, std::int64_t classes) {
    const Vit vit = read(network);
    const Shape input = root.type(pixels).shape;
    const Pixels given{input[2], input[3]};
    if (network.arguments.has("img_size") && !(network.arguments.pixels("img_size", 224) == given)) {
        network.arguments.wrong("img_size", fmt::format("the size of pretrained_cfg's input_size, {} x {}",
                                                        given.height, given.width));
    }
    NodeId x = embed(vit, root, pixels);
    for (std::int64_t i = 0; i < vit.layers; ++i) x = encode(vit, root / "blocks" / i, x);
    return (root / "head").linear(features(vit, root, x), classes);
}

}  // namespace

const TimmFamily kTimmVit{
    .names = "vit_<size>_patch<edge>_<pixels> and deit_<size>_patch<edge>_<pixels>",
    .knows = [](std::string_view name) { return parse(name).has_value(); },
    .build = build,
};

}  // namespace espalier::models
