// Swin Transformer v2. Liu et al. 2021, "Swin Transformer V2: Scaling Up Capacity and Resolution" (arXiv
// 2111.09883): attention of cosines, a small network for the position bias, and each norm behind its branch.
// Checkpoint of reference: microsoft/swinv2-tiny-patch4-window8-256.

#include <algorithm>
#include <cmath>

#include "models/architecture.h"
#include "models/attention.h"
#include "models/position_bias.h"
#include "models/swin_stages.h"
#include "models/unit_vectors.h"

namespace espalier::models {

using namespace graph;

namespace {

/// Added to the scores between tokens that are no neighbours. transformers adds its mask of -100 twice.
constexpr float kMasked = -200;
/// Hidden width of the network for the position bias.
constexpr std::int64_t kBiasHidden = 512;

struct SwinV2 : Swin {
    /// Per stage; 0: positions are relative to the window itself
    std::vector<std::int64_t> pretrained_windows;
};

SwinV2 read(const Config& config) {
    SwinV2 net{read_swin(config),
               config.integers("pretrained_window_sizes", std::vector<std::int64_t>(8, 0), {0, 64}, {1, 8})};
    if (net.pretrained_windows.size() < net.depths.size()) {
        config.wrong("pretrained_window_sizes",
                     fmt::format("as long as depths, which has {} stages", net.depths.size()));
    }
    for (const std::int64_t window : net.pretrained_windows) {
        if (window == 1) config.wrong("pretrained_window_sizes", "0 or at least 2 for each stage");
    }
    const std::size_t last = net.depths.size() - 1;
    if (net.image.height / net.patch.height >> last < 1) {
        config.wrong("image_size", fmt::format("at least {}, or the last stage has no row of tokens",
                                               net.patch.height << last));
    }
    return net;
}

/// The window follows from the height for which the network was configured, whatever size the image has.
Windows windows_of(const SwinV2& net, const Grid& grid, const SwinPlace& place) {
    const std::int64_t rows = net.image.height / net.patch.height >> place.stage;
    const bool shift = place.shifted && rows > net.window;
    return {grid, std::min(rows, net.window), shift ? net.window / 2 : 0};
}

/// sign(x) log2(1 + |8 x|) / log2(8) for an offset x relative to the largest one.
double log_spaced(std::int64_t offset, std::int64_t largest) {
    if (largest == 0) return 0;
    const double x = 8.0 * static_cast<double>(offset) / static_cast<double>(largest);
    return std::copysign(std::log2(1 + std::abs(x)) / 3, x);
}

/// The network for the position bias: 16 sigmoid(w2 relu(w1 (row, column) + b1)).
struct BiasNetwork {
    Tensor w1, b1, w2;

    BiasNetwork(const Scope& scope, std::int64_t heads)
        : w1((scope / 0).values("weight", {kBiasHidden, 2}, Role::kMatrix).to_aligned()),
          b1((scope / 0).values("bias", {kBiasHidden}, Role::kShift).to_aligned()),
          w2((scope / 2).values("weight", {heads, kBiasHidden}, Role::kMatrix).to_aligned()) {}

    void operator()(double row, double column, std::span<float> out) const {
        std::vector<double> hidden;
        for (std::size_t i = 0; i < kBiasHidden; ++i) {
            const double sum = w1.span<float>()[2 * i] * row + w1.span<float>()[2 * i + 1] * column;
            hidden.push_back(std::max(0.0, sum + b1.span<float>()[i]));
        }
        for (std::size_t head = 0; head < out.size(); ++head) {
            const auto weights = w2.span<float>().subspan(head * kBiasHidden, kBiasHidden);
            double sum = 0;
            for (std::size_t i = 0; i < kBiasHidden; ++i) sum += weights[i] * hidden[i];
            out[head] = static_cast<float>(16 / (1 + std::exp(-sum)));
        }
    }
};

/// A row per offset between two tokens: [(2 * edge - 1)^2, heads].
Tensor bias_table(const Scope& scope, std::int64_t edge, std::int64_t pretrained, std::int64_t heads) {
    const BiasNetwork network(scope / "continuous_position_bias_mlp", heads);
    const std::int64_t largest = (pretrained > 0 ? pretrained : edge) - 1;
    const std::int64_t offsets = 2 * edge - 1;
    Tensor table = Tensor::allocate(DType::kF32, {offsets * offsets, heads});
    const auto rows = table.mutable_span<float>();
    for (std::int64_t i = 0; i < offsets * offsets; ++i) {
        network(log_spaced(i / offsets - edge + 1, largest), log_spaced(i % offsets - edge + 1, largest),
                rows.subspan(static_cast<std::size_t>(i * heads), static_cast<std::size_t>(heads)));
    }
    return table;
}

NodeId position_bias(const Scope& scope, const Windows& windows, std::int64_t pretrained,
                     std::int64_t heads) {
    const Tensor bias =
        relative_position_bias(bias_table(scope, windows.edge, pretrained, heads), windows.edge);
    return scope.constant("bias", windows.shift > 0 ? masked_bias(bias, windows, kMasked) : bias);
}

/// min(exp(logit_scale), 100) per head, [heads, 1].
Tensor cosine_scale(const Scope& scope, std::int64_t heads) {
    const Tensor logarithms = scope.values("logit_scale", {heads, 1, 1}, Role::kShift).to_aligned();
    Tensor scale = Tensor::allocate(DType::kF32, {heads, 1});
    for (std::size_t i = 0; i < static_cast<std::size_t>(heads); ++i) {
        scale.mutable_span<float>()[i] =
            static_cast<float>(std::min(std::exp(static_cast<double>(logarithms.span<float>()[i])), 100.0));
    }
    return scale;
}

Tensor ones(std::int64_t heads) {
    Tensor tensor = Tensor::allocate(DType::kF32, {heads, 1});
    for (float& value : tensor.mutable_span<float>()) value = 1;
    return tensor;
}

/// The vectors of each head, scaled to `lengths` [heads, 1]. [n, t, heads * d], here and there.
NodeId with_lengths(const Scope& scope, NodeId x, const Tensor& lengths) {
    const std::int64_t width = scope.type(x).shape[2];
    const std::int64_t heads = lengths.shape()[0];
    const NodeId vectors = scope.add(Reshape{{0, 0, heads, width / heads}}, {x}, "vectors");
    return scope.add(Reshape{{0, 0, width}}, {scaled_to_length(scope, vectors, lengths)}, "scaled_vectors");
}

/// Self-attention within each window, whose scores are scaled cosines, without the output projection.
NodeId window_attention(const SwinV2& net, const Scope& scope, NodeId x, const Windows& windows,
                        std::size_t stage) {
    const std::int64_t width = net.width_of(stage);
    const std::int64_t heads = net.heads[stage];
    const NodeId tokens = partition(scope, x, windows);
    const NodeId query = (scope / "query").linear(tokens, width, net.qkv_bias);
    const NodeId key = (scope / "key").linear(tokens, width, false);
    const NodeId value = (scope / "value").linear(tokens, width, net.qkv_bias);
    const NodeId mixed =
        attend(scope, with_lengths(scope / "query", query, cosine_scale(scope, heads)),
               with_lengths(scope / "key", key, ones(heads)), value,
               {.heads = heads, .bias = position_bias(scope, windows, net.pretrained_windows[stage], heads)});
    return restore(scope, mixed, windows);
}

NodeId block(const SwinV2& net, const Scope& scope, const Tokens& x, const SwinPlace& place) {
    const Scope attention = scope / "attention";
    const Windows windows = windows_of(net, x.grid, place);
    const NodeId mixed = window_attention(net, attention / "self", x.node, windows, place.stage);
    const NodeId projected = (attention / "output" / "dense").linear(mixed, net.width_of(place.stage));
    const NodeId middle = attention.sum((scope / "layernorm_before").layer_norm(projected, net.eps), x.node);
    return scope.sum((scope / "layernorm_after").layer_norm(swin_mlp(net, scope, middle), net.eps), middle);
}

NodeId reduce(const Scope& scope, NodeId neighbours, std::int64_t width) {
    return (scope / "norm").layer_norm((scope / "reduction").linear(neighbours, width, false), kSwinInnerEps);
}

}  // namespace

Pixels swinv2_image_size(const Config& config) { return config.pixels("image_size", 224); }

NodeId build_swinv2(const Config& config, const Scope& root, NodeId pixels, std::int64_t classes) {
    const SwinV2 net = read(config);
    const SwinVersion version{.name = "swinv2",
                              .block = [&](const Scope& scope, const Tokens& x,
                                           const SwinPlace& place) { return block(net, scope, x, place); },
                              .reduce = reduce};
    return build_swin_stages(net, version, root, pixels, classes);
}

}  // namespace espalier::models
