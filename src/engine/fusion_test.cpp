#include "engine/fusion.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "engine/random_tensor_test.h"
#include "engine/session.h"

namespace espalier::engine {
namespace {

using namespace graph;

/// A row of 1x1 and depthwise convolutions in turns, large enough that what lies between them should not be
/// made: an inverted residual, a depthwise convolution whose value two nodes read, one that reads a sum, and
/// an inverted residual of stride 2.
Graph separable_network() {
    Graph graph;
    std::uint64_t seed = 40;
    const Activation clip{.present = true, .kind = UnaryKind::kClip, .lo = 0, .hi = 6};
    const auto weights = [&](const Shape& shape) {
        return graph.add_constant("w", random_tensor(shape, ++seed));
    };
    const auto pointwise = [&](NodeId x, std::int64_t out, const Activation& activation, NodeId residual) {
        return graph.add(Conv2d{.activation = activation},
                         {x, weights({out, graph.type(x).shape[1], 1, 1}), weights({out}), residual}, "1x1");
    };
    const auto depthwise = [&](NodeId x, std::int64_t kernel, std::int64_t stride) {
        const std::int64_t c = graph.type(x).shape[1], pad = kernel / 2;
        return graph.add(
            Conv2d{.stride = {stride, stride}, .pad = {pad, pad, pad, pad}, .groups = c, .activation = clip},
            {x, weights({c, 1, kernel, kernel}), weights({c})}, "depthwise");
    };
    const NodeId x = graph.add_input("x", {DType::kF32, {1, 12, 61, 55}});
    const NodeId first = pointwise(depthwise(pointwise(x, 70, clip, NodeId::kNone), 3, 1), 12, {}, x);
    const NodeId second = depthwise(pointwise(first, 80, clip, NodeId::kNone), 5, 1);
    const NodeId both = graph.add(Binary{.kind = BinaryKind::kAdd},
                                  {second, pointwise(second, 80, {}, NodeId::kNone)}, "sum");
    const NodeId third = pointwise(depthwise(both, 3, 1), 10, {}, NodeId::kNone);
    const NodeId last =
        pointwise(depthwise(pointwise(third, 70, clip, NodeId::kNone), 3, 2), 10, clip, NodeId::kNone);
    const NodeId mean = graph.add(Reduce{.axes = {2, 3}, .keep_axes = false}, {last}, "mean");
    graph.set_output(graph.add(Linear{}, {mean, weights({5, 10})}, "head"));
    return graph;
}

TEST(Fusion, GivesTheBitsOfSingleConvolutions) {
    const Graph graph = separable_network();
    for (const Isa isa : {Isa::kPortable, Isa::kAvx2, Isa::kAvx512, Isa::kAmx}) {
        if (isa > best_isa()) continue;
        const Tensor x = random_tensor({3, 12, 61, 55}, 8);
        for (const int threads : {1, 2, 3}) {
            SessionOptions options;
            options.threads = threads;
            options.lowering.isa = isa;
            Session fused(graph, options), single(graph, options);
            const Tensor y = fused.run(x);
            int values = 0;
            const Tensor expected = single.run(x, [&](const Node&, const View&) { ++values; });
            EXPECT_TRUE(std::ranges::equal(y.span<float>(), expected.span<float>()))
                << name(isa) << " on " << threads;
            EXPECT_GE(values, fused.execution().steps + 5) << "values are made that should not be";
        }
    }
}

TEST(Fusion, IsEvidentAndSavesMemory) {
    const Graph graph = separable_network();
    Session fused(graph, {}), single(graph, {});
    const Tensor x = random_tensor({1, 12, 61, 55}, 9);
    fused.run(x);
    single.run(x, [](const Node&, const View&) {});
    const Execution execution = fused.execution();
    const auto executes = [&](const std::string& kernel) {
        return std::ranges::any_of(execution.kernels,
                                   [&](const std::string& name) { return name.starts_with(kernel + "/"); });
    };
    EXPECT_TRUE(executes("conv_1x1+depthwise_3x3+conv_1x1"));
    EXPECT_TRUE(executes("conv_1x1+depthwise_5x5"));
    EXPECT_TRUE(executes("depthwise_3x3+conv_1x1"));
    EXPECT_TRUE(executes("conv_1x1"));
    EXPECT_FALSE(executes("depthwise_3x3") || executes("depthwise_5x5"));
    EXPECT_LT(execution.arena_bytes, single.execution().arena_bytes);
    EXPECT_EQ(execution.weight_bytes, single.execution().weight_bytes);
    std::int64_t macs = 0;
    for (const StepTime& step : fused.profile(x)) macs += step.macs;
    EXPECT_EQ(macs, execution.macs.at("f32"));
}

}  // namespace
}  // namespace espalier::engine
