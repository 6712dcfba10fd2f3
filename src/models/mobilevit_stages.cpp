#include "models/mobilevit_stages.h"

#include "models/divisible.h"

namespace espalier::models {

using namespace graph;

namespace {

struct Step {
    std::int64_t stride = 1;
    std::int64_t dilation = 1;
};

NodeId residual(const MobileViTStyle& style, const Scope& scope, NodeId x, std::int64_t out,
                const Step& step) {
    const auto in = static_cast<double>(scope.type(x).shape[1]);
    const auto wide = static_cast<double>(round_half_even(in * style.expand_ratio));
    return inverted_residual(
        style.conv, scope, x,
        {.wide = divisible(wide, 8), .out = out, .stride = step.stride, .dilation = step.dilation});
}

/// How the hybrid stage `index` (0 to 2) shrinks the image: a stride that would exceed the output stride is
/// not taken, and the dilation doubles behind it.
Step step_of(const MobileViTStyle& style, std::int64_t index) {
    std::int64_t dilation = 1;
    if (index >= 1 && style.output_stride == 8) dilation *= 2;
    if (index >= 2 && style.output_stride <= 16) dilation *= 2;
    return dilation == 1 ? Step{.stride = 2} : Step{.stride = 1, .dilation = dilation / 2};
}

}  // namespace

MobileViTStyle read_mobilevit_style(const Config& config, const MobileViTDefaults& defaults) {
    const std::int64_t output_stride = config.integer("output_stride", 32);
    if (output_stride != 8 && output_stride != 16 && output_stride != 32) {
        config.wrong("output_stride", "8, 16 or 32");
    }
    return {.conv = {.activation = config.text("hidden_act", defaults.activation)},
            .expand_ratio = config.number("expand_ratio", defaults.expand_ratio, 1e-3, 64),
            .kernel = config.integer("conv_kernel_size", 3, {1, 63}),
            .patch = config.integer("patch_size", 2, {1, 1024}),
            .output_stride = output_stride};
}

NodeId mobilevit_stages(const MobileViTStyle& style, const Scope& scope, NodeId pixels,
                        const MobileViTStages& stages,
                        const std::function<NodeId(const Scope&, NodeId, const MobileViTStage&)>& block) {
    NodeId x =
        conv_norm(style.conv, scope / "conv_stem", pixels, {.out = stages.stem, .kernel = 3, .stride = 2});
    const Scope layers = scope / "encoder" / "layer";
    x = residual(style, layers / 0 / "layer" / 0, x, stages.narrow, {});
    for (std::int64_t i = 0; i < stages.middle_blocks; ++i) {
        x = residual(style, layers / 1 / "layer" / i, x, stages.middle, {.stride = i == 0 ? 2 : 1});
    }
    std::int64_t index = 0;
    for (const MobileViTStage& stage : stages.hybrid) {
        const Scope place = layers / (2 + index);
        x = residual(style, place / "downsampling_layer", x, stage.out, step_of(style, index++));
        x = block(place, x, stage);
    }
    return x;
}

}  // namespace espalier::models
