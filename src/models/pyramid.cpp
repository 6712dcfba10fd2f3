#include "models/pyramid.h"

#include "models/attention.h"

namespace espalier::models {

using namespace graph;

TokenMap token_map(const Scope& scope, NodeId image) {
    const Shape& shape = scope.type(image).shape;
    return {scope.tokens(image), shape[2], shape[3]};
}

NodeId image_of(const Scope& scope, const TokenMap& x) { return scope.image(x.tokens, x.height, x.width); }

Conv overlapping(std::int64_t width, std::int64_t patch, std::int64_t stride) {
    const std::int64_t pad = patch / 2;
    return {.out = width,
            .kernel = {patch, patch},
            .stride = {stride, stride},
            .pad = {pad, pad, pad, pad},
            .bias = true};
}

NodeId reduced_tokens(const Scope& scope, std::string_view conv, const TokenMap& x, std::int64_t ratio,
                      double eps) {
    const std::int64_t width = scope.type(x.tokens).shape[2];
    const Pair patch{ratio, ratio};
    const NodeId image =
        (scope / conv)
            .conv(image_of(scope, x), {.out = width, .kernel = patch, .stride = patch, .bias = true});
    return (scope / "layer_norm").layer_norm(scope.tokens(image), eps);
}

NodeId attend_to(const Scope& scope, NodeId x, NodeId context, std::int64_t heads, bool bias) {
    const std::int64_t width = scope.type(x).shape[2];
    return attend(scope, (scope / "query").linear(x, width, bias),
                  (scope / "key").linear(context, width, bias),
                  (scope / "value").linear(context, width, bias),
                  {.heads = heads, .scale = inverse_root_depth(width, heads)});
}

NodeId mix_feed_forward(const Scope& scope, const TokenMap& x, std::int64_t hidden,
                        const std::string& activation, bool rectified) {
    NodeId wide = (scope / "dense1").linear(x.tokens, hidden);
    if (rectified) wide = (scope / "relu").activation(wide, "relu");
    const Conv filter{.out = hidden, .kernel = {3, 3}, .pad = {1, 1, 1, 1}, .groups = hidden, .bias = true};
    const Scope depthwise = scope / "dwconv";
    const NodeId image = (depthwise / "dwconv").conv(image_of(depthwise, {wide, x.height, x.width}), filter);
    const NodeId active = depthwise.tokens(scope.activation(image, activation));
    return (scope / "dense2").linear(active, scope.type(x.tokens).shape[2]);
}

}  // namespace espalier::models
