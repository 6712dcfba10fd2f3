// Blocks and channels, on examples small enough to follow by hand. That pruned networks answer as they should
// is tested where the engine runs them (runtimes/channel_pruning_test.cpp).

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/error.h"
#include "base/random.h"
#include "graph/cost.h"
#include "graph/learned.h"
#include "passes/prune/blocks.h"
#include "passes/prune/channels.h"

namespace espalier::passes {
namespace {

using namespace graph;
using testing::ElementsAre;
using testing::HasSubstr;

Tensor noise(const Shape& shape, std::uint64_t seed) {
    Tensor tensor = Tensor::allocate(DType::kF32, shape);
    Random random(seed);
    for (float& value : tensor.mutable_span<float>()) value = static_cast<float>(random.normal());
    return tensor;
}

TEST(BlockMask, TakesTheBlocksOfSmallestNorm) {
    // Two features of six inputs: blocks of four and of two. Squared norms 4, 25, 1, 2.
    const std::vector<float> w{1, -1, 1, 1, 0, 5, 1, 0, 0, 0, -1, 1};
    EXPECT_EQ(pruning_blocks(2, 6, 1), 4);
    EXPECT_THAT(block_mask(w, 2, 6, 1, 0), ElementsAre(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1));
    EXPECT_THAT(block_mask(w, 2, 6, 1, 1), ElementsAre(1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1));
    EXPECT_THAT(block_mask(w, 2, 6, 1, 2), ElementsAre(1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0));
    EXPECT_THAT(block_mask(w, 2, 6, 1, 3), ElementsAre(0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0));
}

TEST(BlockMask, BlocksLieWithinOneTap) {
    // One feature, five inputs, two taps, laid out input by input. Squared norms: tap 0: 4 and 9, tap 1: 8
    // and 1.
    const std::vector<float> w{1, 2, 1, 0, -1, 2, 1, 0, 3, 1};
    EXPECT_EQ(pruning_blocks(1, 5, 2), 4);
    EXPECT_THAT(block_mask(w, 1, 5, 2, 1), ElementsAre(1, 1, 1, 1, 1, 1, 1, 1, 1, 0));
    EXPECT_THAT(block_mask(w, 1, 5, 2, 2), ElementsAre(0, 1, 0, 1, 0, 1, 0, 1, 1, 0));
    EXPECT_THAT(block_mask(w, 1, 5, 2, 3), ElementsAre(0, 0, 0, 0, 0, 0, 0, 0, 1, 0));
}

TEST(BlockMask, EqualNormsGoInOrder) {
    const std::vector<float> w(12, 1.0f);
    EXPECT_THAT(block_mask(w, 1, 12, 1, 1), ElementsAre(0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1));
}

/// A graph under construction with weights that differ from call to call.
struct Sketch {
    Graph graph;
    std::uint64_t seed = 1;

    NodeId input(const Shape& shape) { return graph.add_input("x", {DType::kF32, shape}); }
    NodeId weight(const Shape& shape) {
        ++seed;
        return graph.add_constant("w" + std::to_string(seed), noise(shape, seed));
    }
    NodeId conv(NodeId x, std::int64_t out, std::string name, std::int64_t groups = 1) {
        const std::int64_t in = graph.type(x).shape[1];
        return graph.add(Conv2d{.pad = {1, 1, 1, 1}, .groups = groups},
                         {x, weight({out, in / groups, 3, 3}), weight({out})}, std::move(name));
    }
    NodeId norm(NodeId x) {
        const std::int64_t c = graph.type(x).shape[1];
        Tensor variance = noise({c}, seed++);
        for (float& v : variance.mutable_span<float>()) v = std::fabs(v) + 0.1f;
        const NodeId var = graph.add_constant("var", variance);
        return graph.add(BatchNorm{}, {x, weight({c}), weight({c}), weight({c}), var}, "norm");
    }
    NodeId relu(NodeId x) { return graph.add(Unary{}, {x}, "relu"); }
    NodeId add(const Op& op, std::vector<NodeId> inputs) { return graph.add(op, std::move(inputs), "node"); }
    Graph finish(NodeId image) {
        const NodeId mean = graph.add(Reduce{.axes = {2, 3}, .keep_axes = false}, {image}, "mean");
        graph.set_output(graph.add(Linear{}, {mean, weight({3, graph.type(mean).shape[1]})}, "head"));
        return graph;
    }
};

TEST(BlockPruning, TouchesOnlyLayersWhoseKernelsSkipBlocks) {
    Sketch s;
    NodeId x = s.conv(s.input({1, 3, 6, 6}), 8, "first");
    x = s.conv(x, 8, "depthwise", 8);
    const Graph graph = s.finish(s.conv(x, 12, "dense"));
    Change change;
    const Graph result = prune_blocks(graph, 0.5, change);
    EXPECT_EQ(change.count, 1);
    EXPECT_EQ(cost_of(result).zero_weights, 12 * 8 * 9 / 2);
    EXPECT_THAT(change.notes, ElementsAre(HasSubstr("leaves 3 layers whole")));
    EXPECT_THROW(prune_blocks(graph, 1, change), Error);
}

TEST(ChannelCount, FillsVectors) {
    EXPECT_EQ(kept_channels(0.3, 256), 176);  // 179.2, by 16
    EXPECT_EQ(kept_channels(0.1, 64), 56);    // 57.6, by 8
    EXPECT_EQ(kept_channels(0.3, 16), 12);    // 11.2, by 2
    EXPECT_EQ(kept_channels(0.999, 64), 8);
    EXPECT_EQ(kept_channels(0, 64), 64);
    EXPECT_EQ(kept_channels(0.5, 3), 3);
}

TEST(BestChannels, KeepTheirOrder) {
    EXPECT_THAT(best_channels({3, 9, 1, 4, 9}, 3), ElementsAre(1, 3, 4));
    EXPECT_THAT(best_channels({1, 1, 1}, 2), ElementsAre(0, 1));
}

/// block(x) + x, where the block narrows to 16 channels.
TEST(ChannelGroups, InsideOfAResidualBlock) {
    Sketch s;
    const NodeId stem = s.relu(s.conv(s.input({1, 3, 6, 6}), 24, "stem"));
    const NodeId inside = s.relu(s.norm(s.conv(stem, 16, "reduce")));
    const NodeId sum = s.add(Binary{}, {s.conv(inside, 24, "expand"), stem});
    const Graph graph = s.finish(s.relu(sum));
    const ChannelGroups found = find_channel_groups(graph);
    ASSERT_EQ(found.groups.size(), 1u);
    EXPECT_EQ(found.groups[0].name, "reduce");
    EXPECT_EQ(found.groups[0].channels, 16);
    // Weights and bias, four constants of the norm, and the reader.
    EXPECT_EQ(found.groups[0].slots.size(), 7u);
    ASSERT_EQ(found.whole.size(), 3u);
    EXPECT_EQ(found.whole[0].name, "stem");
    EXPECT_THAT(found.whole[0].reason, HasSubstr("sum"));
    EXPECT_THAT(found.whole[1].reason, HasSubstr("sum"));
    EXPECT_THAT(found.whole[2].reason, HasSubstr("logits"));

    Change change;
    const Graph result = prune_channels(graph, 0.5, change);
    verify(result);
    EXPECT_EQ(change.count, 1);
    const std::int64_t gone = 8 * (24 * 9 + 1) + 8 * 2 + 24 * 8 * 9;
    EXPECT_EQ(change.removed_parameters, gone);
    EXPECT_EQ(learned_parameters(graph) - learned_parameters(result), gone);
    EXPECT_EQ(cost_of(graph).total.macs - cost_of(result).total.macs, 2 * 36 * 8 * 24 * 9);
    EXPECT_THROW(prune_channels(graph, -0.1, change), Error);
}

/// Expansion, depthwise filter, squeeze-and-excite, projection.
TEST(ChannelGroups, ThroughDepthwiseFiltersAndGates) {
    Sketch s;
    const NodeId x = s.conv(s.input({1, 3, 6, 6}), 8, "stem");
    const NodeId wide = s.relu(s.conv(x, 32, "expand"));
    const NodeId filtered = s.relu(s.norm(s.conv(wide, 32, "depthwise", 32)));
    const NodeId mean = s.add(Reduce{.axes = {2, 3}, .keep_axes = false}, {filtered});
    const NodeId narrow = s.relu(s.add(Linear{}, {mean, s.weight({8, 32})}));
    const NodeId gate = s.add(Unary{UnaryKind::kSigmoid}, {s.add(Linear{}, {narrow, s.weight({32, 8})})});
    const NodeId scaled = s.add(Binary{BinaryKind::kMul}, {filtered, s.add(Reshape{{0, 32, 1, 1}}, {gate})});
    const Graph graph = s.finish(s.add(Binary{}, {s.conv(scaled, 8, "project"), x}));
    const ChannelGroups found = find_channel_groups(graph);
    ASSERT_EQ(found.groups.size(), 2u);
    EXPECT_EQ(found.groups[0].name, "expand");
    EXPECT_EQ(found.groups[0].depthwise.size(), 1u);
    EXPECT_EQ(found.groups[0].stated.size(), 1u);
    EXPECT_EQ(found.groups[1].channels, 8);
    Change change;
    const Graph result = prune_channels(graph, 0.5, change);
    verify(result);
    const auto depthwise = std::find_if(result.nodes().begin(), result.nodes().end(),
                                        [](const Node& node) { return node.name == "depthwise"; });
    EXPECT_EQ(std::get<Conv2d>(depthwise->op).groups, 16);
}

TEST(ChannelGroups, WhatMixesChannelsLeavesThemWhole) {
    const auto reason = [](const std::function<NodeId(Sketch&, NodeId)>& rest) {
        Sketch s;
        const NodeId x = s.conv(s.input({1, 3, 4, 4}), 16, "maker");
        const Graph graph = s.finish(rest(s, x));
        const ChannelGroups found = find_channel_groups(graph);
        const auto whole = std::find_if(found.whole.begin(), found.whole.end(),
                                        [](const WholeChannels& one) { return one.name == "maker"; });
        return whole == found.whole.end() ? "pruned" : whole->reason;
    };
    EXPECT_EQ(reason([](Sketch& s, NodeId x) { return s.relu(x); }), "pruned");
    EXPECT_THAT(reason([](Sketch& s, NodeId x) { return s.conv(x, 16, "grouped", 4); }),
                HasSubstr("grouped"));
    EXPECT_THAT(reason([](Sketch& s, NodeId x) {
                    return s.add(Concat{1}, {x, s.relu(x)});
                }),
                HasSubstr("concat"));
    EXPECT_THAT(
        reason([](Sketch& s, NodeId x) { return s.add(Slice{.axis = 1, .begin = 0, .end = 8}, {x}); }),
        HasSubstr("cut"));
    EXPECT_THAT(reason([](Sketch& s, NodeId x) {
                    return s.add(Reshape{{0, 8, 8, 4}}, {x});
                }),
                HasSubstr("reshape"));
    EXPECT_THAT(reason([](Sketch& s, NodeId x) { return s.add(Softmax{1}, {x}); }), HasSubstr("normalized"));
    EXPECT_THAT(reason([](Sketch& s, NodeId x) {
                    return s.add(GroupNorm{4}, {x, s.weight({16}), s.weight({16})});
                }),
                HasSubstr("normalized"));
    EXPECT_THAT(reason([](Sketch& s, NodeId x) { return s.add(Reduce{.axes = {1}}, {x}); }),
                HasSubstr("reduced"));
    EXPECT_THAT(reason([](Sketch& s, NodeId x) {
                    return s.add(Pad{{0, 1, 0, 0}, {0, 0, 0, 0}}, {x});
                }),
                HasSubstr("padded"));
    EXPECT_THAT(reason([](Sketch& s, NodeId x) {
                    return s.add(MatMul{}, {x, x});
                }),
                HasSubstr("matrix product"));
    // x * sigmoid(x) comes from the same channels, x * (a + b) does not.
    EXPECT_EQ(reason([](Sketch& s, NodeId x) {
                  const NodeId gate = s.add(Unary{UnaryKind::kSigmoid}, {x});
                  return s.add(Binary{BinaryKind::kMul}, {x, gate});
              }),
              "pruned");
    EXPECT_THAT(reason([](Sketch& s, NodeId x) {
                    const NodeId image = s.graph.input();
                    const NodeId other = s.add(Binary{}, {s.conv(image, 16, "a"), s.conv(image, 16, "b")});
                    return s.add(Binary{BinaryKind::kMul}, {s.relu(x), other});
                }),
                HasSubstr("multiplied by another branch"));
}

/// x * f(x), where f mixes the channels and makes as many again.
TEST(ChannelGroups, GatesMadeOfTheChannelsThemselves) {
    Sketch s;
    const NodeId x = s.relu(s.conv(s.input({1, 3, 6, 6}), 16, "maker"));
    const Graph graph = s.finish(s.add(Binary{BinaryKind::kMul}, {x, s.conv(x, 16, "gate")}));
    ASSERT_EQ(find_channel_groups(graph).groups.size(), 1u);
    Change change;
    const Graph result = prune_channels(graph, 0.5, change);
    verify(result);
    EXPECT_EQ(learned_parameters(result), 8 * (27 + 1) + 8 * (8 * 9 + 1) + 3 * 8);
}

TEST(ChannelScores, AreNormOfMakerTimesNormOfReader) {
    Graph graph;
    const NodeId x = graph.add_input("x", {DType::kF32, {1, 2, 1, 1}});
    const NodeId flat = graph.add(Reshape{{0, -1}}, {x}, "flat");
    const std::vector<float> make{3, 4, 0, 1}, read{1, 0, 0, 2, 2, 2};
    const NodeId hidden =
        graph.add(Linear{}, {flat, graph.add_constant("make", Tensor::of<float>({2, 2}, make))}, "hidden");
    const NodeId active = graph.add(Unary{UnaryKind::kGelu}, {hidden}, "gelu");
    graph.set_output(
        graph.add(Linear{}, {active, graph.add_constant("read", Tensor::of<float>({3, 2}, read))}, "head"));
    const ChannelGroups found = find_channel_groups(graph);
    ASSERT_EQ(found.groups.size(), 1u);
    const auto scores = channel_scores(graph, found.groups[0]);
    EXPECT_DOUBLE_EQ(scores[0], 5 * std::sqrt(1.0 + 4));
    EXPECT_DOUBLE_EQ(scores[1], 1 * std::sqrt(4.0 + 4));
}

TEST(ChannelScores, TakeTheMeanSquareBehindBatchNormalization) {
    Sketch s;
    const NodeId x = s.conv(s.input({1, 3, 4, 4}), 2, "maker");
    const std::vector<float> gamma{1, 2}, beta{0, -100}, zeros{0, 0}, ones{1, 1};
    const auto constant = [&](const std::vector<float>& values) {
        return s.graph.add_constant("c", Tensor::of<float>({2}, values));
    };
    const NodeId norm =
        s.add(BatchNorm{}, {x, constant(gamma), constant(beta), constant(zeros), constant(ones)});
    const Graph graph = s.finish(s.relu(norm));
    const auto scores = channel_scores(graph, find_channel_groups(graph).groups.at(0));
    // Half of a standard normal's mean square, times the norm of three weights; a channel that is never above
    // 0.
    double read = 0;
    const Tensor& head = *graph.constant(graph[graph.output()].inputs[1]);
    for (std::size_t o = 0; o < 3; ++o) read += std::pow(static_cast<double>(head.span<float>()[2 * o]), 2);
    EXPECT_NEAR(scores[0], std::sqrt(0.5 * read), 1e-9);
    EXPECT_NEAR(scores[1], 0, 1e-9);
}

}  // namespace
}  // namespace espalier::passes
