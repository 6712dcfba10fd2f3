// RegNet. Radosavovic et al. 2020, "Designing Network Design Spaces" (arXiv 2003.13678): X blocks, and Y
// blocks with squeeze-and-excitation. Checkpoint of reference: facebook/regnet-y-040.

#include <cmath>

#include "models/architecture.h"
#include "models/stages.h"

namespace espalier::models {

using namespace graph;

namespace {

/// torch's default for batch normalization, which the configuration cannot change.
constexpr double kBatchNormEps = 1e-5;

struct RegNet {
    std::int64_t stem, group_width;
    std::vector<std::int64_t> widths, depths;
    bool squeeze;
    std::string activation;
};

std::int64_t groups_of(const RegNet& net, std::int64_t width) {
    return std::max<std::int64_t>(1, width / net.group_width);
}

RegNet read(const Config& config) {
    const std::string layer = config.text("layer_type", "y");
    if (layer != "x" && layer != "y") config.wrong("layer_type", "\"x\" or \"y\"");
    RegNet net{.stem = config.integer("embedding_size", 32),
               .group_width = config.integer("groups_width", 64),
               .widths = config.integers("hidden_sizes", {128, 192, 512, 1088}),
               .depths = {},
               .squeeze = layer == "y",
               .activation = config.text("hidden_act", "relu")};
    net.depths = per_stage(config, "depths", {2, 6, 12, 2}, net.widths.size(), {1, 256});
    for (const std::int64_t width : net.widths) {
        if (width % groups_of(net, width) == 0) continue;
        config.wrong("groups_width",
                     fmt::format("a width whose groups divide each of hidden_sizes, but {} channels do "
                                 "not divide into {} groups",
                                 width, groups_of(net, width)));
    }
    return net;
}

NodeId conv_norm(const Scope& scope, NodeId x, const Conv& conv) {
    return (scope / "normalization").batch_norm((scope / "convolution").conv(x, conv), kBatchNormEps);
}

Conv filter(std::int64_t out, std::int64_t stride, std::int64_t groups = 1) {
    return {.out = out, .kernel = {3, 3}, .stride = {stride, stride}, .pad = {1, 1, 1, 1}, .groups = groups};
}

/// y = x * sigmoid(expand(relu(reduce(mean(x))))), one factor per channel (Hu et al. 2018, arXiv 1709.01507).
NodeId squeeze_and_excite(const Scope& scope, NodeId x, std::int64_t reduced) {
    const std::int64_t width = scope.type(x).shape[1];
    const Scope attention = scope / "attention";
    NodeId y = scope.add(Reduce{.kind = ReduceKind::kMean, .axes = {2, 3}}, {x}, "pooler");
    y = attention.activation((attention / 0).conv(y, {.out = reduced, .bias = true}), "relu");
    y = attention.activation((attention / 2).conv(y, {.out = width, .bias = true}), "sigmoid");
    return scope.product(x, y);
}

/// y = act(branch(x) + shortcut(x)); the shortcut projects where the shape changes.
NodeId block(const RegNet& net, const Scope& scope, NodeId x, std::int64_t out, std::int64_t stride) {
    const std::int64_t in = scope.type(x).shape[1];
    const Scope layer = scope / "layer";
    NodeId y = (layer / 0).activation(conv_norm(layer / 0, x, {.out = out}), net.activation);
    y = (layer / 1).activation(conv_norm(layer / 1, y, filter(out, stride, groups_of(net, out))),
                               net.activation);
    // Half a channel rounds to the even number, as Python's round does.
    if (net.squeeze) y = squeeze_and_excite(layer / 2, y, std::lrint(static_cast<double>(in) / 4));
    y = conv_norm(layer / (net.squeeze ? 3 : 2), y, {.out = out});
    const bool same = in == out && stride == 1;
    const NodeId shortcut =
        same ? x : conv_norm(scope / "shortcut", x, {.out = out, .stride = {stride, stride}});
    return scope.activation(scope.sum(y, shortcut), net.activation);
}

}  // namespace

Pixels regnet_image_size(const Config&) { return {224, 224}; }

NodeId build_regnet(const Config& config, const Scope& root, NodeId pixels, std::int64_t classes) {
    const RegNet net = read(config);
    const Scope scope = root / "regnet";
    const Scope stem = scope / "embedder" / "embedder";
    NodeId x = stem.activation(conv_norm(stem, pixels, filter(net.stem, 2)), net.activation);
    for (std::size_t stage = 0; stage < net.widths.size(); ++stage) {
        const Scope layers = scope / "encoder" / "stages" / static_cast<std::int64_t>(stage) / "layers";
        for (std::int64_t layer = 0; layer < net.depths[stage]; ++layer)
            x = block(net, layers / layer, x, net.widths[stage], layer == 0 ? 2 : 1);
    }
    return (root / "classifier" / "1").linear(scope.global_average(x), classes);
}

}  // namespace espalier::models
