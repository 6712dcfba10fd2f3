#include "models/resize_bilinear.h"

#include <algorithm>

namespace espalier::models {

using namespace graph;

Tensor bilinear_weights(std::int64_t in, std::int64_t out) {
    std::vector<float> weights(static_cast<std::size_t>(in * out), 0.0F);
    const double scale = static_cast<double>(in) / static_cast<double>(out);
    for (std::int64_t o = 0; o < out; ++o) {
        const double at = std::max((static_cast<double>(o) + 0.5) * scale - 0.5, 0.0);
        const std::int64_t before = std::min(static_cast<std::int64_t>(at), in - 1);
        const std::int64_t behind = std::min(before + 1, in - 1);
        const double share = at - static_cast<double>(before);
        weights[static_cast<std::size_t>(o * in + before)] += static_cast<float>(1 - share);
        weights[static_cast<std::size_t>(o * in + behind)] += static_cast<float>(share);
    }
    return Tensor::of<float>({out, in}, weights);
}

namespace {

/// Along the last axis.
NodeId resize_last(const Scope& scope, NodeId x, std::int64_t out) {
    const std::int64_t in = scope.type(x).shape.back();
    if (in == out) return x;
    return scope.add(Linear{}, {x, scope.constant("weights", bilinear_weights(in, out))}, "resized");
}

}  // namespace

NodeId resize_bilinear(const Scope& scope, NodeId x, std::int64_t height, std::int64_t width) {
    const NodeId wide = resize_last(scope / "columns", x, width);
    if (scope.type(x).shape[2] == height) return wide;
    const NodeId turned = scope.add(Transpose{{0, 1, 3, 2}}, {wide}, "turned");
    return scope.add(Transpose{{0, 1, 3, 2}}, {resize_last(scope / "rows", turned, height)}, "resized");
}

}  // namespace espalier::models
