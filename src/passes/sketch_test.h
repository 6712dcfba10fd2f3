#pragma once

#include <fmt/core.h>

#include <cmath>

#include "base/random.h"
#include "graph/graph.h"

namespace espalier::passes {

/// Seeded normal deviates.
inline Tensor random_tensor(const Shape& shape, std::uint64_t seed) {
    Tensor tensor = Tensor::allocate(DType::kF32, shape);
    Random random(seed);
    for (float& value : tensor.mutable_span<float>()) value = static_cast<float>(random.normal());
    return tensor;
}

/// A graph under construction with weights that differ from call to call.
struct Sketch {
    graph::Graph graph;
    std::uint64_t seed = 1;

    graph::NodeId input(const Shape& shape) { return graph.add_input("x", {DType::kF32, shape}); }
    graph::NodeId weight(const Shape& shape) {
        ++seed;
        return graph.add_constant(fmt::format("w{}", seed), random_tensor(shape, seed));
    }
    graph::NodeId conv(graph::NodeId x, std::int64_t out, std::int64_t kernel, std::int64_t pad) {
        const std::int64_t in = graph.type(x).shape[1];
        return graph.add(graph::Conv2d{.pad = {pad, pad, pad, pad}}, {x, weight({out, in, kernel, kernel})},
                         "conv");
    }
    graph::NodeId batch_norm(graph::NodeId x) {
        const std::int64_t c = graph.type(x).shape[1];
        Tensor variance = random_tensor({c}, seed++);
        for (float& v : variance.mutable_span<float>()) v = std::fabs(v) + 0.1f;
        return graph.add(graph::BatchNorm{},
                         {x, weight({c}), weight({c}), weight({c}), graph.add_constant("var", variance)},
                         "norm");
    }
    graph::NodeId group_norm(graph::NodeId x, std::int64_t groups) {
        const std::int64_t c = graph.type(x).shape[1];
        return graph.add(graph::GroupNorm{.groups = groups}, {x, weight({c}), weight({c})}, "norm");
    }
    graph::NodeId relu(graph::NodeId x) {
        return graph.add(graph::Unary{.kind = graph::UnaryKind::kRelu}, {x}, "relu");
    }
    graph::Graph finish(graph::NodeId image) {
        const graph::NodeId mean =
            graph.add(graph::Reduce{.axes = {2, 3}, .keep_axes = false}, {image}, "mean");
        graph.set_output(graph.add(graph::Linear{}, {mean, weight({3, graph.type(mean).shape[1]})}, "head"));
        return graph;
    }
};

}  // namespace espalier::passes
