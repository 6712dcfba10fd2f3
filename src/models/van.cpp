// Visual Attention Network. Guo et al. 2022 (arXiv 2202.09741): convolutions with large kernels gate the
// image. Checkpoint of reference: Visual-Attention-Network/van-base. Its final van.layernorm is not used by
// the network.

#include "models/architecture.h"
#include "models/stages.h"

namespace espalier::models {

using namespace graph;

namespace {

/// torch's default for batch normalization, which the configuration cannot change.
constexpr double kBatchNormEps = 1e-5;

struct Van {
    std::vector<std::int64_t> widths, depths, patches, strides, ratios;
    double eps;
    std::string activation;
};

Van read(const Config& config) {
    Van net{.widths = config.integers("hidden_sizes", {64, 128, 320, 512}),
            .depths = {},
            .patches = {},
            .strides = {},
            .ratios = {},
            .eps = config.number("layer_norm_eps", 1e-6, 0, 1),
            .activation = config.text("hidden_act", "gelu")};
    const std::size_t stages = net.widths.size();
    net.depths = per_stage(config, "depths", {3, 3, 12, 3}, stages, {1, 256});
    net.patches = per_stage(config, "patch_sizes", {7, 3, 3, 3}, stages, {1, 64});
    net.strides = per_stage(config, "strides", {4, 2, 2, 2}, stages, {1, 64});
    net.ratios = per_stage(config, "mlp_ratios", {8, 8, 4, 4}, stages, {1, 64});
    return net;
}

/// Overlapping patches at a lower resolution.
NodeId embed(const Scope& scope, NodeId x, std::int64_t width, std::int64_t patch, std::int64_t stride) {
    const std::int64_t pad = patch / 2;
    const NodeId y = (scope / "convolution")
                         .conv(x, {.out = width,
                                   .kernel = {patch, patch},
                                   .stride = {stride, stride},
                                   .pad = {pad, pad, pad, pad},
                                   .bias = true});
    return (scope / "normalization").batch_norm(y, kBatchNormEps);
}

/// A filter per channel that keeps the size of the image.
NodeId filter(const Scope& scope, NodeId x, std::int64_t kernel, std::int64_t dilation = 1) {
    const std::int64_t width = scope.type(x).shape[1];
    const std::int64_t pad = dilation * (kernel / 2);
    return scope.conv(x, {.out = width,
                          .kernel = {kernel, kernel},
                          .pad = {pad, pad, pad, pad},
                          .dilation = {dilation, dilation},
                          .groups = width,
                          .bias = true});
}

/// y = x + project(u * large_kernel(u)), u = act(project(x)). A 21 x 21 filter, decomposed into 5 x 5, 7 x 7
/// with dilation 3, and 1 x 1.
NodeId attention(const Van& net, const Scope& scope, NodeId x) {
    const Conv mix{.out = scope.type(x).shape[1], .bias = true};
    const Scope first = scope / "pre_projection";
    const NodeId u = first.activation((first / "conv").conv(x, mix), net.activation);
    const Scope gate = scope / "attention_layer" / "attention";
    NodeId y = filter(gate / "depth_wise", u, 5);
    y = filter(gate / "depth_wise_dilated", y, 7, 3);
    y = (gate / "point_wise").conv(y, mix);
    y = (scope / "post_projection").conv(gate.product(u, y), mix);
    return scope.sum(y, x);
}

NodeId mlp(const Van& net, const Scope& scope, NodeId x, std::int64_t ratio) {
    const std::int64_t width = scope.type(x).shape[1];
    const NodeId wide = (scope / "in_dense").conv(x, {.out = ratio * width, .bias = true});
    const NodeId y = scope.activation(filter(scope / "depth_wise", wide, 3), net.activation);
    return (scope / "out_dense").conv(y, {.out = width, .bias = true});
}

NodeId block(const Van& net, const Scope& scope, NodeId x, std::int64_t ratio) {
    NodeId y = (scope / "pre_normomalization").batch_norm(x, kBatchNormEps);
    y = attention(net, scope / "attention", y);
    x = scope.sum(x, (scope / "attention_scaling").channel_scaled(y, "weight"));
    y = mlp(net, scope / "mlp", (scope / "post_normalization").batch_norm(x, kBatchNormEps), ratio);
    return scope.sum(x, (scope / "mlp_scaling").channel_scaled(y, "weight"));
}

}  // namespace

Pixels van_image_size(const Config& config) { return config.pixels("image_size", 224); }

NodeId build_van(const Config& config, const Scope& root, NodeId pixels, std::int64_t classes) {
    const Van net = read(config);
    const Scope scope = root / "van";
    NodeId x = pixels;
    for (std::size_t stage = 0; stage < net.widths.size(); ++stage) {
        const Scope place = scope / "encoder" / "stages" / static_cast<std::int64_t>(stage);
        x = embed(place / "embeddings", x, net.widths[stage], net.patches[stage], net.strides[stage]);
        for (std::int64_t layer = 0; layer < net.depths[stage]; ++layer)
            x = block(net, place / "layers" / layer, x, net.ratios[stage]);
        x = (place / "normalization").pixel_norm(x, net.eps);
    }
    for (const char* name : {"weight", "bias"})
        (scope / "layernorm").declare_unused(name, {net.widths.back()});
    return (root / "classifier").linear(scope.global_average(x), classes);
}

}  // namespace espalier::models
