// Residual network. He et al. 2015, "Deep Residual Learning for Image Recognition" (arXiv 1512.03385), with
// the stride of a bottleneck in its 3x3 convolution ("v1.5") unless the configuration says otherwise.
// Checkpoints of reference: microsoft/resnet-18 (basic), microsoft/resnet-50 (bottleneck).

#include "base/error.h"
#include "models/architecture.h"

namespace espalier::models {

using namespace graph;

namespace {

/// torch's default for batch normalization, which the configuration cannot change.
constexpr double kBatchNormEps = 1e-5;

struct ResNet {
    std::int64_t stem;
    std::vector<std::int64_t> widths, depths;
    bool bottleneck, downsample_first_stage, downsample_in_bottleneck;
    std::string activation;
};

ResNet read(const Config& config) {
    const std::string layer = config.text("layer_type", "bottleneck");
    if (layer != "bottleneck" && layer != "basic") config.wrong("layer_type", "\"basic\" or \"bottleneck\"");
    ResNet net{.stem = config.integer("embedding_size", 64),
               .widths = config.integers("hidden_sizes", {256, 512, 1024, 2048}),
               .depths = config.integers("depths", {3, 4, 6, 3}, {1, 256}),
               .bottleneck = layer == "bottleneck",
               .downsample_first_stage = config.flag("downsample_in_first_stage", false),
               .downsample_in_bottleneck = config.flag("downsample_in_bottleneck", false),
               .activation = config.text("hidden_act", "relu")};
    if (net.widths.size() != net.depths.size()) {
        config.wrong("depths",
                     fmt::format("as long as hidden_sizes, which has {} stages", net.widths.size()));
    }
    return net;
}

/// Convolution and batch normalization; padding keeps the size of an odd kernel at stride 1.
NodeId conv_norm(const Scope& scope, NodeId x, std::int64_t out, std::int64_t kernel, std::int64_t stride) {
    const std::int64_t pad = kernel / 2;
    const Conv conv{
        .out = out, .kernel = {kernel, kernel}, .stride = {stride, stride}, .pad = {pad, pad, pad, pad}};
    return (scope / "normalization").batch_norm((scope / "convolution").conv(x, conv), kBatchNormEps);
}

/// y = act(branch(x) + shortcut(x)); the shortcut projects where the shape changes.
NodeId block(const ResNet& net, const Scope& scope, NodeId x, std::int64_t out, std::int64_t stride) {
    // The last ReLU comes after the sum. transformers fixes the inner ones to ReLU whatever hidden_act says.
    const auto inner = [&](std::int64_t i, NodeId y, std::int64_t width, std::int64_t kernel,
                           std::int64_t step) {
        const Scope layer = scope / "layer" / i;
        return layer.activation(conv_norm(layer, y, width, kernel, step), "relu");
    };
    NodeId y = x;
    if (net.bottleneck) {
        const std::int64_t narrow = out / 4;
        if (narrow < 1) fail("a bottleneck of {} channels is too narrow: it needs at least 4", out);
        y = inner(0, y, narrow, 1, net.downsample_in_bottleneck ? stride : 1);
        y = inner(1, y, narrow, 3, net.downsample_in_bottleneck ? 1 : stride);
        y = conv_norm(scope / "layer" / 2, y, out, 1, 1);
    } else {
        y = inner(0, y, out, 3, stride);
        y = conv_norm(scope / "layer" / 1, y, out, 3, 1);
    }
    const bool same = scope.type(x).shape[1] == out && stride == 1;
    const NodeId shortcut = same ? x : conv_norm(scope / "shortcut", x, out, 1, stride);
    return scope.activation(scope.sum(y, shortcut), net.activation);
}

NodeId embed(const ResNet& net, const Scope& scope, NodeId pixels) {
    const NodeId x = scope.activation(conv_norm(scope, pixels, net.stem, 7, 2), net.activation);
    return scope.add(Pool2d{.kind = PoolKind::kMax, .kernel = {3, 3}, .stride = {2, 2}, .pad = {1, 1, 1, 1}},
                     {x}, "pooler");
}

}  // namespace

Pixels resnet_image_size(const Config&) { return {224, 224}; }

NodeId build_resnet(const Config& config, const Scope& root, NodeId pixels, std::int64_t classes) {
    const ResNet net = read(config);
    const Scope scope = root / "resnet";
    NodeId x = embed(net, scope / "embedder" / "embedder", pixels);
    for (std::size_t stage = 0; stage < net.depths.size(); ++stage) {
        for (std::int64_t layer = 0; layer < net.depths[stage]; ++layer) {
            const bool halve = layer == 0 && (stage > 0 || net.downsample_first_stage);
            x = block(net, scope / "encoder" / "stages" / static_cast<std::int64_t>(stage) / "layers" / layer,
                      x, net.widths[stage], halve ? 2 : 1);
        }
    }
    return (root / "classifier" / "1").linear(scope.global_average(x), classes);
}

}  // namespace espalier::models
