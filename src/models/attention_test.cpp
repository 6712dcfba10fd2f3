#include "models/attention.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "graph/cost.h"
#include "passes/fuse/fuse.h"

namespace espalier::models {
namespace {

using namespace graph;

/// Attention with 2 heads of 3 (queries, keys) and 5 (values) over 4 tokens in each of the 3 windows of 2
/// images, and a bias of that shape.
Graph attention_with_bias(const Shape& bias) {
    Graph graph;
    RandomWeights weights(1);
    const Scope scope(graph, weights);
    const NodeId pixels = graph.add_input("pixels", {DType::kF32, {2, 12, 1, 1}});
    const NodeId tokens = scope.add(Reshape{{-1, 4, 1}}, {pixels}, "in");
    const NodeId added =
        bias.rank() == 0 ? NodeId::kNone : scope.constant("bias", Tensor::allocate(DType::kF32, bias));
    const auto project = [&](std::string_view name, std::int64_t width) {
        return (scope / name).linear(tokens, width, false);
    };
    const NodeId mixed = attend(scope, project("q", 6), project("k", 6), project("v", 10),
                                {.heads = 2, .scale = 0.25, .bias = added});
    EXPECT_EQ(graph.type(mixed).shape, (Shape{6, 4, 10}));
    graph.set_output(scope.add(Reshape{{-1, 30}}, {scope.mean_token(mixed)}, "out"));
    verify(graph);
    return graph;
}

TEST(Attend, IsRecognizedWithEveryFormOfBias) {
    for (const Shape& bias : {Shape{}, Shape{2, 4, 4}, Shape{1, 2, 4, 4}, Shape{3, 2, 4, 4}}) {
        const Graph graph = attention_with_bias(bias);
        passes::Change change;
        const Graph fused = passes::fuse_attention(graph, change);
        EXPECT_EQ(change.count, 1) << bias.str();
        EXPECT_EQ(cost_of(fused).node_counts.at("attention"), 1) << bias.str();
        EXPECT_EQ(cost_of(fused).total.macs, cost_of(graph).total.macs) << bias.str();
        EXPECT_EQ(fused.type(fused.output()).shape, graph.type(graph.output()).shape);
    }
}

TEST(AttendPacked, IsRecognizedAsOneMatrixOfQueriesKeysAndValues) {
    Graph graph;
    RandomWeights weights(1);
    const Scope scope(graph, weights);
    const NodeId pixels = graph.add_input("pixels", {DType::kF32, {2, 4, 1, 1}});
    const NodeId tokens = scope.add(Reshape{{0, 4, 1}}, {pixels}, "in");
    const NodeId mixed = attend_packed(scope, scope.linear(tokens, 18, false), {.heads = 2, .scale = 0.25});
    EXPECT_EQ(graph.type(mixed).shape, (Shape{2, 4, 6}));
    EXPECT_THROW(attend_packed(scope, mixed, {.heads = 4}), Error);
    graph.set_output(scope.mean_token(mixed));
    verify(graph);
    passes::Change change;
    const Graph fused = passes::fuse_attention(graph, change);
    EXPECT_EQ(change.count, 1);
    EXPECT_EQ(cost_of(fused).total.macs, cost_of(graph).total.macs);
    EXPECT_FALSE(cost_of(fused).node_counts.contains("slice"));
}

TEST(Attend, RefusesWidthsThatDoNotDivide) {
    Graph graph;
    RandomWeights weights(1);
    const Scope scope(graph, weights);
    const NodeId pixels = graph.add_input("pixels", {DType::kF32, {1, 4, 5, 1}});
    const NodeId tokens = scope.add(Reshape{{0, 4, 5}}, {pixels}, "in");
    EXPECT_THROW(attend(scope, tokens, tokens, tokens, {.heads = 2}), Error);
}

}  // namespace
}  // namespace espalier::models
