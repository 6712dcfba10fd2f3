// timm's residual networks: ResNet (He et al. 2015, arXiv 1512.03385), ResNeXt (Xie et al. 2016, arXiv
// 1611.05431), Wide ResNet (Zagoruyko and Komodakis 2016, arXiv 1605.07146), and the variants with a deep
// stem and averaging shortcuts (He et al. 2018, "Bag of Tricks", arXiv 1812.01187). Checkpoints of reference:
// timm/resnet50.a1_in1k, timm/resnet18.a1_in1k.

#include <algorithm>
#include <array>

#include "base/error.h"
#include "models/timm.h"

namespace espalier::models {

using namespace graph;

namespace {

constexpr double kEps = 1e-5;

enum class Stem {
    kPlain,  ///< one 7x7 convolution
    kDeep,   ///< three of 3x3
    kTiered  ///< the same, the first of them narrower
};

struct Spec {
    std::string_view name;
    bool bottleneck;
    std::array<std::int64_t, 4> depths;
    Stem stem = Stem::kPlain;
    std::int64_t stem_width = 32;  ///< of a deep stem
    bool average_down = false;     ///< the shortcut halves the image by averaging
    std::int64_t groups = 1;
    std::int64_t group_width = 64;  ///< channels of a group for each 64 of the block
};

constexpr std::array<std::int64_t, 4> k10{1, 1, 1, 1}, k18{2, 2, 2, 2}, k34{3, 4, 6, 3}, k101{3, 4, 23, 3},
    k152{3, 8, 36, 3}, k200{3, 24, 36, 3};

constexpr auto kSpecs = std::to_array<Spec>({
    {"resnet10t", false, k10, Stem::kTiered, 32, true},
    {"resnet14t", true, k10, Stem::kTiered, 32, true},
    {"resnet18", false, k18},
    {"resnet18d", false, k18, Stem::kDeep, 32, true},
    {"resnet26", true, k18},
    {"resnet26d", true, k18, Stem::kDeep, 32, true},
    {"resnet26t", true, k18, Stem::kTiered, 32, true},
    {"resnet34", false, k34},
    {"resnet34d", false, k34, Stem::kDeep, 32, true},
    {"resnet50", true, k34},
    {"resnet50c", true, k34, Stem::kDeep},
    {"resnet50d", true, k34, Stem::kDeep, 32, true},
    {"resnet50s", true, k34, Stem::kDeep, 64},
    {"resnet50t", true, k34, Stem::kTiered, 32, true},
    {"resnet101", true, k101},
    {"resnet101c", true, k101, Stem::kDeep},
    {"resnet101d", true, k101, Stem::kDeep, 32, true},
    {"resnet101s", true, k101, Stem::kDeep, 64},
    {"resnet152", true, k152},
    {"resnet152c", true, k152, Stem::kDeep},
    {"resnet152d", true, k152, Stem::kDeep, 32, true},
    {"resnet152s", true, k152, Stem::kDeep, 64},
    {"resnet200", true, k200},
    {"resnet200d", true, k200, Stem::kDeep, 32, true},
    {"wide_resnet50_2", true, k34, Stem::kPlain, 32, false, 1, 128},
    {"wide_resnet101_2", true, k101, Stem::kPlain, 32, false, 1, 128},
    {"resnext50_32x4d", true, k34, Stem::kPlain, 32, false, 32, 4},
    {"resnext50d_32x4d", true, k34, Stem::kDeep, 32, true, 32, 4},
    {"resnext101_32x4d", true, k101, Stem::kPlain, 32, false, 32, 4},
    {"resnext101_32x8d", true, k101, Stem::kPlain, 32, false, 32, 8},
    {"resnext101_32x16d", true, k101, Stem::kPlain, 32, false, 32, 16},
    {"resnext101_32x32d", true, k101, Stem::kPlain, 32, false, 32, 32},
    {"resnext101_64x4d", true, k101, Stem::kPlain, 32, false, 64, 4},
});

const Spec* find(std::string_view name) {
    const auto found =
        std::find_if(kSpecs.begin(), kSpecs.end(), [&](const Spec& s) { return s.name == name; });
    return found == kSpecs.end() ? nullptr : &*found;
}

struct ResNet {
    Spec spec;
    std::vector<std::int64_t> depths, channels;

    /// Channels inside a bottleneck of `channels`.
    std::int64_t inner(std::int64_t width) const { return width * spec.group_width / 64 * spec.groups; }
    std::int64_t outer(std::int64_t width) const { return spec.bottleneck ? 4 * width : width; }
};

ResNet read(const TimmNetwork& network) {
    check_arguments(network, {"in_chans", "layers", "channels", "stem_width", "cardinality", "base_width"});
    ResNet net{.spec = *find(network.name)};
    const Config& arguments = network.arguments;
    net.depths =
        arguments.integers("layers", {net.spec.depths.begin(), net.spec.depths.end()}, {1, 256}, {4, 4});
    net.channels = arguments.integers("channels", {64, 128, 256, 512}, {}, {4, 4});
    net.spec.stem_width = arguments.integer("stem_width", net.spec.stem_width, {4, 1 << 12});
    net.spec.groups = arguments.integer("cardinality", net.spec.groups);
    net.spec.group_width = arguments.integer("base_width", net.spec.group_width);
    if (!net.spec.bottleneck && (net.spec.groups != 1 || net.spec.group_width != 64)) {
        arguments.wrong(net.spec.groups != 1 ? "cardinality" : "base_width",
                        "absent for blocks without a bottleneck");
    }
    for (const std::int64_t width : net.channels) {
        if (net.inner(width) < 1) arguments.wrong("channels", "wide enough for 'base_width'");
    }
    return net;
}

/// A convolution that keeps the size of an odd kernel at stride 1.
NodeId conv(const Scope& scope, NodeId x, std::int64_t out, std::int64_t kernel, std::int64_t stride = 1,
            std::int64_t groups = 1) {
    const std::int64_t pad = kernel / 2;
    return scope.conv(x, {.out = out,
                          .kernel = {kernel, kernel},
                          .stride = {stride, stride},
                          .pad = {pad, pad, pad, pad},
                          .groups = groups});
}

/// "conv<i>" and "bn<i>".
NodeId conv_norm(const Scope& scope, std::int64_t i, NodeId x, std::int64_t out, std::int64_t kernel,
                 std::int64_t stride = 1, std::int64_t groups = 1) {
    const NodeId y = conv(scope / fmt::format("conv{}", i), x, out, kernel, stride, groups);
    return (scope / fmt::format("bn{}", i)).batch_norm(y, kEps);
}

NodeId relu(const Scope& scope, NodeId x) { return scope.activation(x, "relu"); }

/// A projection; averaged over 2x2 pixels before it, or with a stride of its own.
NodeId shortcut(const ResNet& net, const Scope& scope, NodeId x, std::int64_t out, std::int64_t stride) {
    if (!net.spec.average_down) {
        return (scope / 1).batch_norm(conv(scope / 0, x, out, 1, stride), kEps);
    }
    if (stride > 1) {
        const Pool2d mean{.kind = PoolKind::kAverage, .kernel = {2, 2}, .stride = {2, 2}, .ceil = true};
        x = scope.add(mean, {x}, "average");
    }
    return (scope / 2).batch_norm(conv(scope / 1, x, out, 1), kEps);
}

/// y = relu(branch(x) + shortcut(x)); a stride sits in the 3x3 convolution.
NodeId block(const ResNet& net, const Scope& scope, NodeId x, std::int64_t width, std::int64_t stride) {
    const std::int64_t out = net.outer(width);
    NodeId y = x;
    if (net.spec.bottleneck) {
        const std::int64_t inner = net.inner(width);
        y = relu(scope / "act1", conv_norm(scope, 1, y, inner, 1));
        y = relu(scope / "act2", conv_norm(scope, 2, y, inner, 3, stride, net.spec.groups));
        y = conv_norm(scope, 3, y, out, 1);
    } else {
        y = relu(scope / "act1", conv_norm(scope, 1, y, width, 3, stride));
        y = conv_norm(scope, 2, y, out, 3);
    }
    const bool same = stride == 1 && scope.type(x).shape[1] == out;
    const NodeId kept = same ? x : shortcut(net, scope / "downsample", x, out, stride);
    return relu(scope, scope.sum(y, kept));
}

/// One convolution of 7x7 or three of 3x3, which halve the image.
NodeId stem(const ResNet& net, const Scope& root, NodeId pixels) {
    if (net.spec.stem == Stem::kPlain) return conv(root / "conv1", pixels, 64, 7, 2);
    const std::int64_t width = net.spec.stem_width;
    const Scope scope = root / "conv1";
    const std::int64_t first = net.spec.stem == Stem::kTiered ? width / 4 * 3 : width;
    NodeId x = (scope / 1).batch_norm(conv(scope / 0, pixels, first, 3, 2), kEps);
    x = (scope / 4).batch_norm(conv(scope / 3, relu(scope / 2, x), width, 3), kEps);
    return conv(scope / 6, relu(scope / 5, x), 2 * width, 3);
}

NodeId build(const TimmNetwork& network, const Scope& root, NodeId pixels, std::int64_t classes) {
    const ResNet net = read(network);
    NodeId x = relu(root / "act1", (root / "bn1").batch_norm(stem(net, root, pixels), kEps));
    x = root.add(Pool2d{.kind = PoolKind::kMax, .kernel = {3, 3}, .stride = {2, 2}, .pad = {1, 1, 1, 1}}, {x},
                 "maxpool");
    for (std::size_t stage = 0; stage < net.depths.size(); ++stage) {
        const Scope layer = root / fmt::format("layer{}", stage + 1);
        for (std::int64_t i = 0; i < net.depths[stage]; ++i) {
            x = block(net, layer / i, x, net.channels[stage], i == 0 && stage > 0 ? 2 : 1);
        }
    }
    return (root / "fc").linear((root / "global_pool").global_average(x), classes);
}

}  // namespace

const TimmFamily kTimmResNet{
    .names = "resnet*, resnext* and wide_resnet*",
    .knows = [](std::string_view name) { return find(name) != nullptr; },
    .build = build,
};

}  // namespace espalier::models
