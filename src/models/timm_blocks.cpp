#include "models/timm_blocks.h"

#include <algorithm>
#include <cmath>

#include "models/divisible.h"
#include "models/same_padding.h"
#include "models/squeeze_excite.h"

namespace espalier::models {

using namespace graph;

namespace {

/// "<conv>" without a bias and "<norm>".
NodeId conv_norm(const TimmStyle& style, const Scope& scope, std::string_view conv, std::string_view norm,
                 NodeId x, Conv shape) {
    const std::int64_t kernel = shape.kernel[0];
    shape.pad = style.same_padding ? same_padding(scope.type(x).shape, kernel, shape.stride[0])
                                   : symmetric_padding(kernel);
    return (scope / norm).batch_norm((scope / conv).conv(x, shape), style.eps);
}

Conv depthwise(std::int64_t channels, const TimmBlock& row, std::int64_t stride) {
    return {
        .out = channels, .kernel = {row.kernel, row.kernel}, .stride = {stride, stride}, .groups = channels};
}

NodeId squeeze(const TimmStyle& style, const Scope& scope, NodeId x, const TimmBlock& row,
               const std::string& active) {
    if (!row.squeeze) return x;
    const auto channels = static_cast<double>(scope.type(x).shape[1]);
    SqueezeExcite se{.reduce = "conv_reduce", .expand = "conv_expand", .activation = active};
    if (style.hard_squeeze) {
        se.narrow = divisible(channels * 0.25, 8);
        se.activation = "relu";
        se.gate = "hardsigmoid";
    } else {
        se.narrow = std::max<std::int64_t>(1, round_half_even(channels * (0.25 / row.expansion)));
    }
    return squeeze_excite(scope / "se", x, se);
}

/// One block; the input is added where the shape is kept, but for a plain convolution.
NodeId block(const TimmStyle& style, const Scope& scope, NodeId x, const TimmBlock& row,
             std::int64_t stride) {
    const std::string active = row.relu ? "relu" : style.activation;
    const std::int64_t in = scope.type(x).shape[1];
    const std::int64_t out = style.channels(row.out);
    const auto act = [&](std::string_view name, NodeId y) { return (scope / name).activation(y, active); };
    if (row.kind == TimmBlockKind::kConv) {
        const Conv conv{.out = out, .kernel = {row.kernel, row.kernel}, .stride = {stride, stride}};
        return act("bn1", conv_norm(style, scope, "conv", "bn1", x, conv));
    }
    NodeId y = x;
    if (row.kind == TimmBlockKind::kSeparable) {
        y = act("bn1", conv_norm(style, scope, "conv_dw", "bn1", y, depthwise(in, row, stride)));
        y = conv_norm(style, scope, "conv_pw", "bn2", squeeze(style, scope, y, row, active), {.out = out});
    } else {
        const std::int64_t wide = divisible(static_cast<double>(in) * row.expansion, 8);
        y = act("bn1", conv_norm(style, scope, "conv_pw", "bn1", y, {.out = wide}));
        y = act("bn2", conv_norm(style, scope, "conv_dw", "bn2", y, depthwise(wide, row, stride)));
        y = conv_norm(style, scope, "conv_pwl", "bn3", squeeze(style, scope, y, row, active), {.out = out});
    }
    return stride == 1 && in == out ? scope.sum(y, x) : y;
}

/// Repeats of the rows of one stage for a network that is `depth` times as deep: the stage is scaled as a
/// whole, and the rows get their shares from the last to the first.
std::vector<std::int64_t> scaled_repeats(std::span<const TimmBlock> stage, double depth) {
    std::int64_t rest = 0;
    for (const TimmBlock& row : stage) rest += row.repeats;
    auto scaled = static_cast<std::int64_t>(std::ceil(static_cast<double>(rest) * depth));
    std::vector<std::int64_t> repeats(stage.size());
    for (std::size_t i = stage.size(); i-- > 0;) {
        const double share = static_cast<double>(stage[i].repeats) / static_cast<double>(rest);
        repeats[i] = std::max<std::int64_t>(1, round_half_even(share * static_cast<double>(scaled)));
        rest -= stage[i].repeats;
        scaled -= repeats[i];
    }
    return repeats;
}

}  // namespace

std::int64_t TimmStyle::channels(std::int64_t unscaled) const {
    return divisible(static_cast<double>(unscaled) * width, 8);
}

TimmStyle timm_style(const TimmNetwork& network, TimmStyle style) {
    if (network.name.starts_with("tf_")) {
        style.eps = 1e-3;
        style.same_padding = true;
    }
    style.width = network.arguments.number("channel_multiplier", style.width, 1e-3, 64);
    style.depth = network.arguments.number("depth_multiplier", style.depth, 1e-3, 64);
    style.eps = network.arguments.number("bn_eps", style.eps, 0, 1);
    return style;
}

NodeId timm_stem(const TimmStyle& style, const Scope& root, NodeId pixels, std::int64_t out) {
    const Conv conv{.out = out, .kernel = {3, 3}, .stride = {2, 2}};
    return (root / "bn1")
        .activation(conv_norm(style, root, "conv_stem", "bn1", pixels, conv), style.activation);
}

NodeId timm_blocks(const TimmStyle& style, const Scope& scope, NodeId x, std::span<const TimmBlock> rows) {
    while (!rows.empty()) {
        const auto end = std::find_if(rows.begin(), rows.end(),
                                      [&](const TimmBlock& row) { return row.stage != rows.front().stage; });
        const auto stage = rows.first(static_cast<std::size_t>(end - rows.begin()));
        const auto repeats = scaled_repeats(stage, style.depth);
        std::int64_t index = 0;
        for (std::size_t i = 0; i < stage.size(); ++i) {
            for (std::int64_t repeat = 0; repeat < repeats[i]; ++repeat, ++index) {
                const Scope place = scope / "blocks" / stage[i].stage / index;
                x = block(style, place, x, stage[i], index == 0 ? stage[i].stride : 1);
            }
        }
        rows = rows.subspan(stage.size());
    }
    return x;
}

}  // namespace espalier::models
