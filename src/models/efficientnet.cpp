// EfficientNet. Tan and Le 2019, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks"
// (arXiv 1905.11946).
// Checkpoints of reference: google/efficientnet-b0 and -b7, converted from Keras.

#include <algorithm>
#include <cmath>

#include "models/architecture.h"
#include "models/divisible.h"
#include "models/squeeze_excite.h"

namespace espalier::models {

using namespace graph;

namespace {

struct Stage {
    std::int64_t in, out, kernel, stride, expansion, repeats;
};

struct EfficientNet {
    double width_factor, depth_factor, squeeze, eps;
    std::int64_t divisor, top;
    std::string activation, pooling;
    std::vector<Stage> stages;
    std::vector<std::int64_t> symmetric;  ///< blocks of stride 2 that are padded the same on all sides

    std::int64_t width(std::int64_t channels) const {
        return divisible(static_cast<double>(channels) * width_factor, divisor);
    }
    std::int64_t repeats(std::int64_t times) const {
        return static_cast<std::int64_t>(std::ceil(static_cast<double>(times) * depth_factor));
    }
    bool is_symmetric(std::int64_t block) const {
        return std::find(symmetric.begin(), symmetric.end(), block) != symmetric.end();
    }
};

/// One row per stage from the lists of the configuration.
std::vector<Stage> read_stages(const Config& config) {
    const auto in = config.integers("in_channels", {32, 16, 24, 40, 80, 112, 192});
    const auto list = [&](std::string_view key, std::vector<std::int64_t> otherwise, Limits limits) {
        auto values = config.integers(key, std::move(otherwise), limits);
        if (values.size() != in.size()) {
            config.wrong(key, fmt::format("as long as in_channels, which has {} stages", in.size()));
        }
        return values;
    };
    const auto out = list("out_channels", {16, 24, 40, 80, 112, 192, 320}, {});
    const auto kernels = list("kernel_sizes", {3, 3, 5, 3, 5, 5, 3}, {1, 63});
    const auto strides = list("strides", {1, 2, 2, 2, 1, 2, 1}, {1, 2});
    const auto expansions = list("expand_ratios", {1, 6, 6, 6, 6, 6, 6}, {1, 64});
    const auto repeats = list("num_block_repeats", {1, 2, 2, 3, 3, 4, 1}, {1, 64});
    std::vector<Stage> stages;
    for (std::size_t i = 0; i < in.size(); ++i) {
        if (strides[i] == 2 && kernels[i] < 2)
            config.wrong("kernel_sizes", "at least 2 where the stride is 2");
        stages.push_back({in[i], out[i], kernels[i], strides[i], expansions[i], repeats[i]});
    }
    return stages;
}

EfficientNet read(const Config& config) {
    EfficientNet net{.width_factor = config.number("width_coefficient", 2, 1e-3, 64),
                     .depth_factor = config.number("depth_coefficient", 3.1, 1e-3, 64),
                     .squeeze = config.number("squeeze_expansion_ratio", 0.25, 0, 64),
                     .eps = config.number("batch_norm_eps", 1e-3, 0, 1),
                     .divisor = config.integer("depth_divisor", 8, {1, 1024}),
                     .top = config.integer("hidden_dim", 2560),
                     .activation = config.text("hidden_act", "swish"),
                     .pooling = config.text("pooling_type", "mean"),
                     .stages = read_stages(config),
                     .symmetric = config.integers("depthwise_padding", {}, {0, 1 << 16}, {0, 4096})};
    if (net.pooling != "mean" && net.pooling != "max") config.wrong("pooling_type", "\"mean\" or \"max\"");
    if (net.top != net.width(1280)) {
        config.wrong("hidden_dim", fmt::format("1280 times width_coefficient, rounded: {}", net.width(1280)));
    }
    std::int64_t channels = 32;
    for (const Stage& stage : net.stages) {
        if (net.width(stage.in) != net.width(channels)) {
            config.wrong("in_channels", "32 and then the out_channels of the stages before");
        }
        channels = stage.out;
    }
    return net;
}

/// Keras pads a stride of 2 one pixel less before than behind, which suits even extents; stride 1 keeps the
/// size.
Quad padding(std::int64_t kernel, std::int64_t stride, bool symmetric) {
    const std::int64_t before = stride == 1 ? (kernel - 1) / 2 : kernel / 2 - (symmetric ? 0 : 1);
    const std::int64_t behind = kernel / 2;
    return {before, before, behind, behind};
}

NodeId pointwise(const EfficientNet& net, const Scope& scope, std::string_view conv, std::string_view norm,
                 NodeId x, std::int64_t out) {
    return (scope / norm).batch_norm((scope / conv).conv(x, {.out = out}), net.eps);
}

/// A convolution of each channel by itself.
NodeId depthwise(const EfficientNet& net, const Scope& scope, NodeId x, const Stage& stage, bool symmetric) {
    const std::int64_t channels = scope.type(x).shape[1];
    const Conv conv{.out = channels,
                    .kernel = {stage.kernel, stage.kernel},
                    .stride = {stage.stride, stage.stride},
                    .pad = padding(stage.kernel, stage.stride, symmetric),
                    .groups = channels};
    const NodeId y = (scope / "depthwise_conv").conv(x, conv);
    return scope.activation((scope / "depthwise_norm").batch_norm(y, net.eps), net.activation);
}

/// Expand, filter per channel, weigh the channels, project.
NodeId block(const EfficientNet& net, const Scope& scope, NodeId x, const Stage& stage, bool symmetric) {
    const std::int64_t in = scope.type(x).shape[1];
    NodeId y = x;
    if (stage.expansion != 1) {
        const Scope place = scope / "expansion";
        y = pointwise(net, place, "expand_conv", "expand_bn", y, in * stage.expansion);
        y = place.activation(y, net.activation);
    }
    y = depthwise(net, scope / "depthwise_conv", y, stage, symmetric);
    const auto narrow =
        std::max<std::int64_t>(1, static_cast<std::int64_t>(static_cast<double>(in) * net.squeeze));
    y = squeeze_excite(
        scope / "squeeze_excite", y,
        {.reduce = "reduce", .expand = "expand", .narrow = narrow, .activation = net.activation});
    return pointwise(net, scope / "projection", "project_conv", "project_bn", y, net.width(stage.out));
}

/// The blocks of all stages; only the first of a stage has its stride and no sum with its input.
NodeId encode(const EfficientNet& net, const Scope& scope, NodeId x) {
    std::int64_t index = 0;
    for (const Stage& stage : net.stages) {
        for (std::int64_t repeat = 0; repeat < net.repeats(stage.repeats); ++repeat, ++index) {
            Stage shape = stage;
            if (repeat > 0) shape.stride = 1;
            const Scope place = scope / "blocks" / index;
            const NodeId y = block(net, place, x, shape, net.is_symmetric(index));
            x = repeat > 0 ? place.sum(y, x) : y;
        }
    }
    x = pointwise(net, scope, "top_conv", "top_bn", x, net.top);
    return scope.activation(x, net.activation);
}

NodeId stem(const EfficientNet& net, const Scope& scope, NodeId pixels) {
    const Conv conv{.out = net.width(32), .kernel = {3, 3}, .stride = {2, 2}, .pad = {0, 0, 1, 1}};
    const NodeId x = (scope / "batchnorm").batch_norm((scope / "convolution").conv(pixels, conv), net.eps);
    return scope.activation(x, net.activation);
}

/// The mean or the maximum of each channel over the whole image.
NodeId pool(const EfficientNet& net, const Scope& scope, NodeId x) {
    if (net.pooling == "mean") return scope.global_average(x);
    const Shape shape = scope.type(x).shape;
    const NodeId largest =
        scope.add(Pool2d{.kind = PoolKind::kMax, .kernel = {shape[2], shape[3]}}, {x}, "largest");
    return scope.add(Reshape{{0, -1}}, {largest}, "flatten");
}

}  // namespace

Pixels efficientnet_image_size(const Config& config) { return config.pixels("image_size", 600); }

NodeId build_efficientnet(const Config& config, const Scope& root, NodeId pixels, std::int64_t classes) {
    const EfficientNet net = read(config);
    const Scope scope = root / "efficientnet";
    const NodeId x = encode(net, scope / "encoder", stem(net, scope / "embeddings", pixels));
    return (root / "classifier").linear(pool(net, scope / "pooler", x), classes);
}

}  // namespace espalier::models
