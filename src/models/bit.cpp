// Big Transfer. Kolesnikov et al. 2019 (arXiv 1912.11370): a residual network with group normalization and
// standardized weights (Qiao et al. 2019, arXiv 1903.10520). Checkpoint of reference: google/bit-50.

#include <cmath>
#include <utility>

#include "base/error.h"
#include "models/architecture.h"
#include "models/stages.h"

namespace espalier::models {

using namespace graph;

namespace {

/// Of the standardization of weights and of group normalization; the configuration cannot change them.
constexpr double kWeightEps = 1e-8;
constexpr double kGroupNormEps = 1e-5;

struct Bit {
    std::int64_t stem, groups, output_stride;
    std::vector<std::int64_t> widths, depths;
    bool preactivation, same_padding, dynamic_pool_padding;
    std::string activation;
};

/// The nearest multiple of 8, at least 8, that loses at most a tenth.
std::int64_t rounded(double width) {
    const auto nearest = std::max<std::int64_t>(8, static_cast<std::int64_t>(width + 4) / 8 * 8);
    return static_cast<double>(nearest) < 0.9 * width ? nearest + 8 : nearest;
}

bool pads_same(const Config& config) {
    const std::string padding = config.text("global_padding", "");
    if (padding.empty()) return false;
    if (padding == "SAME" || padding == "same") return true;
    config.wrong("global_padding",
                 "null or \"SAME\"; with \"VALID\" a block's image is smaller than its shortcut");
}

Bit read(const Config& config) {
    const std::string layer = config.text("layer_type", "preactivation");
    if (layer != "preactivation" && layer != "bottleneck")
        config.wrong("layer_type", "\"preactivation\" or \"bottleneck\"");
    Bit net{.stem = config.integer("embedding_size", 64),
            .groups = config.integer("num_groups", 32),
            .output_stride = config.integer("output_stride", 32),
            .widths = config.integers("hidden_sizes", {256, 512, 1024, 2048}),
            .depths = {},
            .preactivation = layer == "preactivation",
            .same_padding = pads_same(config),
            .dynamic_pool_padding = config.flag("embedding_dynamic_padding", false),
            .activation = config.text("hidden_act", "relu")};
    net.depths = per_stage(config, "depths", {3, 4, 6, 3}, net.widths.size(), {1, 256});
    const double factor = config.number("width_factor", 1, 1e-3, 1e3);
    for (std::int64_t& width : net.widths) {
        width = rounded(static_cast<double>(width) * factor);
        if (width % net.groups != 0 || rounded(static_cast<double>(width) / 4) % net.groups != 0)
            config.wrong("num_groups", fmt::format("a divisor of {} and a quarter of it", width));
    }
    if (net.stem % net.groups != 0) config.wrong("num_groups", "a divisor of embedding_size");
    return net;
}

/// What pads one axis so that its extent is divided by the stride, rounded up; the odd element comes last.
Pair same(std::int64_t extent, std::int64_t kernel, std::int64_t stride, std::int64_t dilation = 1) {
    const std::int64_t windows = (extent + stride - 1) / stride;
    const std::int64_t total =
        std::max<std::int64_t>((windows - 1) * stride + (kernel - 1) * dilation + 1 - extent, 0);
    return {total / 2, total - total / 2};
}

Quad padding(const Bit& net, const Shape& image, std::int64_t kernel, std::int64_t stride,
             std::int64_t dilation) {
    const std::int64_t half = (stride - 1 + dilation * (kernel - 1)) / 2;
    if (!net.same_padding) return {half, half, half, half};
    const Pair rows = same(image[2], kernel, stride, dilation),
               columns = same(image[3], kernel, stride, dilation);
    return {rows[0], columns[0], rows[1], columns[1]};
}

/// (w - mean) / sqrt(var + eps) over the weights of each output channel.
Tensor standardized(const Tensor& weights) {
    Tensor result = Tensor::allocate(DType::kF32, weights.shape());
    const auto from = weights.span<float>();
    const auto to = result.mutable_span<float>();
    const auto count = static_cast<std::size_t>(weights.shape().product(1, 4));
    for (std::size_t first = 0; first < from.size(); first += count) {
        double sum = 0, squares = 0;
        for (std::size_t i = first; i < first + count; ++i) sum += from[i];
        const double mean = sum / static_cast<double>(count);
        for (std::size_t i = first; i < first + count; ++i) squares += (from[i] - mean) * (from[i] - mean);
        const double deviation = std::sqrt(squares / static_cast<double>(count) + kWeightEps);
        for (std::size_t i = first; i < first + count; ++i)
            to[i] = static_cast<float>((from[i] - mean) / deviation);
    }
    return result;
}

NodeId conv(const Bit& net, const Scope& scope, NodeId x, std::int64_t out, std::int64_t kernel = 1,
            std::int64_t stride = 1, std::int64_t dilation = 1) {
    const Shape& image = scope.type(x).shape;
    const Tensor weights =
        scope.values("weight", {out, image[1], kernel, kernel}, Role::kMatrix).to_aligned();
    return scope.add(Conv2d{.stride = {stride, stride},
                            .pad = padding(net, image, kernel, stride, dilation),
                            .dilation = {dilation, dilation}},
                     {x, scope.constant("weight", standardized(weights))});
}

NodeId norm(const Bit& net, const Scope& scope, NodeId x, bool activated = true) {
    const NodeId y = scope.group_norm(x, net.groups, kGroupNormEps);
    return activated ? scope.activation(y, net.activation) : y;
}

/// What differs between the blocks of a stage.
struct Block {
    std::int64_t out;
    std::int64_t stride = 1;
    /// Of bottleneck blocks; transformers does not dilate those with pre-activation
    std::int64_t dilation = 1;
    bool first = false;  ///< projects its shortcut
};

/// y = shortcut(n) + conv3(norm3(conv2(norm2(conv1(n))))), n = norm1(x); norms include the activation.
NodeId preactivation_block(const Bit& net, const Scope& scope, NodeId x, const Block& block) {
    const std::int64_t narrow = rounded(static_cast<double>(block.out) / 4);
    const NodeId n = norm(net, scope / "norm1", x);
    const NodeId shortcut =
        block.first ? conv(net, scope / "downsample" / "conv", n, block.out, 1, block.stride) : x;
    NodeId y = conv(net, scope / "conv1", n, narrow);
    y = conv(net, scope / "conv2", norm(net, scope / "norm2", y), narrow, 3, block.stride);
    y = conv(net, scope / "conv3", norm(net, scope / "norm3", y), block.out);
    return scope.sum(y, shortcut);
}

/// y = act(norm3(conv3(norm2(conv2(norm1(conv1(x)))))) + shortcut(x)); the inner norms include the
/// activation.
NodeId bottleneck_block(const Bit& net, const Scope& scope, NodeId x, const Block& block) {
    const std::int64_t narrow = rounded(static_cast<double>(block.out) / 4);
    NodeId shortcut = x;
    if (block.first) {
        const Scope down = scope / "downsample";
        shortcut = norm(net, down / "norm", conv(net, down / "conv", x, block.out, 1, block.stride), false);
    }
    NodeId y = norm(net, scope / "norm1", conv(net, scope / "conv1", x, narrow));
    y = norm(net, scope / "norm2", conv(net, scope / "conv2", y, narrow, 3, block.stride, block.dilation));
    y = norm(net, scope / "norm3", conv(net, scope / "conv3", y, block.out), false);
    return scope.activation(scope.sum(y, shortcut), net.activation);
}

NodeId zero_padded(const Scope& scope, NodeId x, Pair rows, Pair columns) {
    return scope.add(Pad{.before = {0, 0, rows[0], columns[0]}, .after = {0, 0, rows[1], columns[1]}}, {x},
                     "pad");
}

/// A convolution and a pooling, whose padding is zeros that take part in the maximum.
NodeId embed(const Bit& net, const Scope& scope, NodeId pixels) {
    NodeId x = conv(net, scope / "convolution", pixels, net.stem, 7, 2);
    if (!net.same_padding) x = zero_padded(scope, x, {1, 1}, {1, 1});
    if (!net.preactivation) x = norm(net, scope / "norm", x);
    if (net.dynamic_pool_padding) {
        const Shape& image = scope.type(x).shape;
        x = zero_padded(scope / "pooler", x, same(image[2], 3, 2), same(image[3], 3, 2));
    }
    return scope.add(Pool2d{.kind = PoolKind::kMax, .kernel = {3, 3}, .stride = {2, 2}}, {x}, "pooler");
}

}  // namespace

Pixels bit_image_size(const Config&) { return {224, 224}; }

NodeId build_bit(const Config& config, const Scope& root, NodeId pixels, std::int64_t classes) {
    const Bit net = read(config);
    const Scope scope = root / "bit";
    NodeId x = embed(net, scope / "embedder", pixels);
    std::int64_t reached = 4, dilation = 1;
    for (std::size_t stage = 0; stage < net.widths.size(); ++stage) {
        std::int64_t stride = stage == 0 ? 1 : 2;
        // Once the output stride is reached, later strides become dilations.
        if (reached >= net.output_stride) dilation *= std::exchange(stride, 1);
        for (std::int64_t layer = 0; layer < net.depths[stage]; ++layer) {
            const Scope place =
                scope / "encoder" / "stages" / static_cast<std::int64_t>(stage) / "layers" / layer;
            const bool first = layer == 0;
            const Block block{net.widths[stage], first ? stride : 1,
                              first ? (dilation > 2 ? 2 : 1) : dilation, first};
            x = net.preactivation ? preactivation_block(net, place, x, block)
                                  : bottleneck_block(net, place, x, block);
        }
        reached *= stride;
    }
    if (net.preactivation) x = norm(net, scope / "norm", x);
    return (root / "classifier" / "1").linear(scope.global_average(x), classes);
}

}  // namespace espalier::models
