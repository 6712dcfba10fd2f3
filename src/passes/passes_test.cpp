// Each pass: the graph before, the graph after. That both compute the same is tested where the engine runs
// them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "base/error.h"
#include "graph/cost.h"
#include "passes/cleanup/cleanup.h"
#include "passes/fuse/fuse.h"
#include "passes/layout/layout.h"
#include "passes/prune/magnitude.h"
#include "passes/quantize/dynamic.h"
#include "passes/sketch_test.h"

namespace espalier::passes {
namespace {

using namespace graph;
using testing::HasSubstr;
using testing::Not;

std::string after(Graph (*pass)(const Graph&, Change&), const Graph& graph, int changes) {
    Change change;
    const Graph result = pass(graph, change);
    verify(result);
    EXPECT_EQ(change.count, changes);
    return print(result);
}

TEST(FoldBatchNorm, MakesOneConvolutionWithABias) {
    Sketch s;
    const NodeId x = s.input({1, 3, 8, 8});
    const std::string text = after(fold_batch_norm, s.finish(s.batch_norm(s.conv(x, 4, 3, 1))), 1);
    EXPECT_THAT(text, Not(HasSubstr("batch_norm")));
    EXPECT_THAT(text, HasSubstr("conv.bias.folded"));
}

TEST(FoldBatchNorm, LeavesAConvolutionThatIsUsedTwice) {
    Sketch s;
    const NodeId conv = s.conv(s.input({1, 3, 8, 8}), 4, 3, 1);
    const NodeId sum = s.graph.add(Binary{.kind = BinaryKind::kAdd}, {s.batch_norm(conv), conv}, "sum");
    EXPECT_THAT(after(fold_batch_norm, s.finish(sum), 0), HasSubstr("batch_norm"));
}

TEST(FoldInput, TakesANormInFrontOfAConvolutionWithoutPadding) {
    Sketch s;
    const NodeId x = s.relu(s.conv(s.input({1, 3, 8, 8}), 4, 3, 1));
    const std::string text = after(fold_input, s.finish(s.conv(s.batch_norm(x), 4, 2, 0)), 1);
    EXPECT_THAT(text, Not(HasSubstr("batch_norm")));
}

TEST(FoldInput, LeavesPaddingBeyondWhichThereIsNoShift) {
    Sketch s;
    const NodeId x = s.relu(s.conv(s.input({1, 3, 8, 8}), 4, 3, 1));
    after(fold_input, s.finish(s.conv(s.batch_norm(x), 4, 3, 1)), 0);
}

TEST(FoldInput, TakesAConstantInFrontOfALinearLayer) {
    Graph graph;
    const NodeId image = graph.add_input("x", {DType::kF32, {1, 3, 1, 1}});
    const NodeId x = graph.add(Reshape{{0, -1}}, {image}, "flat");
    const NodeId shift = graph.add_constant("shift", Tensor::of<float>({1, 3}, std::vector<float>{1, 2, 3}));
    const NodeId sum = graph.add(Binary{BinaryKind::kAdd}, {shift, x}, "sum");
    const NodeId w = graph.add_constant("w", Tensor::of<float>({2, 3}, std::vector<float>{1, 0, 0, 1, 1, 1}));
    graph.set_output(graph.add(Linear{}, {sum, w}, "head"));
    Change change;
    const Graph result = fold_input(graph, change);
    verify(result);
    EXPECT_EQ(change.count, 1);
    EXPECT_EQ(result.operations(), 2);
    const Tensor* bias = result.constant(result[result.output()].inputs[2]);
    ASSERT_NE(bias, nullptr);
    EXPECT_EQ(bias->span<float>()[0], 1);
    EXPECT_EQ(bias->span<float>()[1], 6);
}

TEST(FuseResidual, TakesTheBranchThatEndsLast) {
    Sketch s;
    const NodeId x = s.conv(s.input({1, 3, 8, 8}), 4, 1, 0);
    const NodeId branch = s.conv(s.relu(x), 4, 3, 1);
    const NodeId sum = s.graph.add(Binary{.kind = BinaryKind::kAdd}, {branch, x}, "sum");
    const std::string text = after(fuse_residual, s.finish(s.relu(sum)), 1);
    EXPECT_THAT(text, Not(HasSubstr("binary")));
}

TEST(FuseActivation, GoesIntoTheEpilogueOnce) {
    Sketch s;
    const NodeId x = s.conv(s.input({1, 3, 8, 8}), 4, 1, 0);
    const std::string text = after(fuse_activation, s.finish(s.relu(s.relu(x))), 1);
    EXPECT_THAT(text, HasSubstr("activation=relu"));
    EXPECT_THAT(text, HasSubstr("unary"));
}

TEST(FuseActivation, GoesIntoAGroupNorm) {
    Sketch s;
    const NodeId norm = s.group_norm(s.conv(s.input({1, 3, 8, 8}), 4, 1, 0), 2);
    const std::string text = after(fuse_activation, s.finish(s.relu(norm)), 1);
    EXPECT_THAT(text, HasSubstr("group_norm"));
    EXPECT_THAT(text, Not(HasSubstr("unary")));
}

TEST(FoldPad, GoesIntoTheConvolution) {
    Sketch s;
    const NodeId x = s.input({1, 3, 8, 8});
    const NodeId padded = s.graph.add(Pad{{0, 0, 0, 0}, {0, 0, 1, 1}, 0}, {x}, "pad");
    EXPECT_THAT(after(fold_pad, s.finish(s.conv(padded, 4, 3, 0)), 1), HasSubstr("pad=[0, 0, 1, 1]"));
}

TEST(FoldPad, LeavesPaddingWithOtherValues) {
    Sketch s;
    const NodeId x = s.input({1, 3, 8, 8});
    const NodeId padded = s.graph.add(Pad{{0, 0, 0, 0}, {0, 0, 1, 1}, -1}, {x}, "pad");
    after(fold_pad, s.finish(s.conv(padded, 4, 3, 0)), 0);
}

/// Self-attention over the pixels of an image, decomposed as checkpoints are built.
Graph attention_model(std::int64_t count = 3, bool normalized = false) {
    Sketch s;
    const NodeId image = s.conv(s.input({1, 3, 8, 8}), 12, 2, 0);
    const NodeId flat = s.graph.add(Reshape{{0, 0, -1}}, {image}, "flat");
    const NodeId tokens = s.graph.add(Transpose{{0, 2, 1}}, {flat}, "tokens");
    const auto heads = [&](const char* name) {
        const NodeId linear = s.graph.add(Linear{}, {tokens, s.weight({12, 12}), s.weight({12})}, name);
        NodeId split = s.graph.add(Reshape{{0, 0, count, 12 / count}}, {linear}, "split");
        if (normalized) split = s.graph.add(LayerNorm{}, {split}, "normalized");
        return s.graph.add(Transpose{{0, 2, 1, 3}}, {split}, "heads");
    };
    const NodeId q = heads("q");
    const NodeId k = heads("k");
    const NodeId v = heads("v");
    const NodeId scores = s.graph.add(MatMul{.transpose_b = true}, {q, k}, "scores");
    const NodeId scale = s.graph.add_constant("scale", Tensor::of<float>({}, std::vector<float>{0.5f}));
    const NodeId scaled = s.graph.add(Binary{.kind = BinaryKind::kMul}, {scores, scale}, "scaled");
    const NodeId p = s.graph.add(Softmax{}, {scaled}, "softmax");
    const NodeId mixed = s.graph.add(MatMul{}, {p, v}, "mixed");
    const NodeId joined = s.graph.add(Transpose{{0, 2, 1, 3}}, {mixed}, "joined");
    const NodeId merged = s.graph.add(Reshape{{0, 0, -1}}, {joined}, "merged");
    const NodeId mean = s.graph.add(Reduce{.axes = {1}, .keep_axes = false}, {merged}, "mean");
    s.graph.set_output(s.graph.add(Linear{}, {mean, s.weight({3, 12})}, "head"));
    return s.graph;
}

TEST(FuseAttention, FindsTheHeadsAndTheScale) {
    const std::string text = after(fuse_attention, attention_model(), 1);
    EXPECT_THAT(text, HasSubstr("attention heads=3 scale=0.5"));
    EXPECT_THAT(text, Not(HasSubstr("softmax")));
}

TEST(FuseAttention, FindsASingleHeadWhoseTranspositionsMoveNothing) {
    Change change;
    const Graph merged = merge_movements(attention_model(1), change);
    const std::string text = after(fuse_attention, merged, 1);
    EXPECT_THAT(text, HasSubstr("attention scale=0.5"));
    EXPECT_THAT(text, Not(HasSubstr("softmax")));
}

TEST(FuseAttention, FindsHeadsThatWereNormalizedOneByOne) {
    const std::string text = after(fuse_attention, attention_model(3, true), 1);
    EXPECT_THAT(text, HasSubstr("attention heads=3 scale=0.5"));
    EXPECT_THAT(text, HasSubstr("# normalized.joined"));
    EXPECT_THAT(text, Not(HasSubstr("softmax")));
}

TEST(FuseQkv, MakesOneProjection) {
    Change change;
    const std::string text = after(fuse_qkv, fuse_attention(attention_model(), change), 1);
    EXPECT_THAT(text, HasSubstr("merged.qkv.weight"));
    EXPECT_THAT(text, Not(HasSubstr("# k\n")));
}

/// y = x + relu(attention(norm(x))) over 5 tokens of 4 features, of which `reader` makes what the head reads.
Graph layer_read_by(const std::function<NodeId(Graph&, NodeId)>& reader) {
    Sketch s;
    const NodeId x = s.graph.add(Reshape{{0, 0, -1}}, {s.input({1, 5, 2, 2})}, "tokens");
    const NodeId norm = s.graph.add(LayerNorm{}, {x, s.weight({4}), s.weight({4})}, "norm");
    const auto project = [&](const char* name) {
        return s.graph.add(Linear{}, {norm, s.weight({4, 4})}, name);
    };
    const NodeId q = project("q");
    const NodeId k = project("k");
    const NodeId mixed = s.graph.add(Attention{.heads = 2}, {q, k, project("v")}, "mixed");
    const NodeId active = s.graph.add(Unary{.kind = UnaryKind::kRelu}, {mixed}, "active");
    const NodeId scaled = s.graph.add(Binary{.kind = BinaryKind::kMul}, {active, s.weight({4})}, "scaled");
    const NodeId y = s.graph.add(Binary{}, {x, scaled}, "y");
    s.graph.set_output(s.graph.add(Reshape{{0, -1}}, {reader(s.graph, y)}, "out"));
    return s.graph;
}

TEST(NarrowTokens, ComputesTheTokenThatIsRead) {
    const Graph graph = layer_read_by(
        [](Graph& g, NodeId y) { return g.add(Slice{.axis = 1, .begin = 2, .end = 3}, {y}, "token"); });
    // q, mixed, active, scaled, y.
    const std::string text = after(narrow_tokens, graph, 5);
    EXPECT_THAT(text, HasSubstr(": f32[1, 1, 4]  # mixed"));
    EXPECT_THAT(text, HasSubstr(": f32[1, 5, 4]  # k"));
    EXPECT_THAT(text, HasSubstr("slice axis=1 begin=2 end=3 (%1) : f32[1, 1, 4]  # tokens.tokens"));
    EXPECT_THAT(text, Not(HasSubstr("# token\n")));
    Change change;
    verify(with_batch(narrow_tokens(graph, change), 3));
}

TEST(NarrowTokens, KeepsTheRangeThatSeveralSlicesShare) {
    const Graph graph = layer_read_by([](Graph& g, NodeId y) {
        const NodeId first = g.add(Slice{.axis = 1, .begin = 1, .end = 2}, {y}, "first");
        const NodeId third = g.add(Slice{.axis = -2, .begin = -2, .end = -1}, {y}, "third");
        return g.add(Concat{.axis = 1}, {first, third}, "both");
    });
    const std::string text = after(narrow_tokens, graph, 5);
    EXPECT_THAT(text, HasSubstr(": f32[1, 3, 4]  # y"));
    EXPECT_THAT(text, HasSubstr("begin=2 end=3 (%"));
}

TEST(NarrowTokens, LeavesTokensThatAreAllReadOrNotAlone) {
    after(narrow_tokens, layer_read_by([](Graph&, NodeId y) { return y; }), 0);
    const auto mean_and_token = [](Graph& g, NodeId y) {
        const NodeId mean = g.add(Reduce{.axes = {1}}, {y}, "mean");
        return g.add(Concat{.axis = 1}, {mean, g.add(Slice{.axis = 1, .begin = 0, .end = 1}, {y}, "token")},
                     "both");
    };
    after(narrow_tokens, layer_read_by(mean_and_token), 0);
    // A position of its own for each token, and a step.
    const auto placed = [](Graph& g, NodeId y) {
        const NodeId positions = g.add_constant("positions", random_tensor({5, 4}, 9));
        return g.add(Slice{.axis = 1, .begin = 0, .end = 1}, {g.add(Binary{}, {y, positions}, "placed")},
                     "token");
    };
    after(narrow_tokens, layer_read_by(placed), 0);
    const auto stepped = [](Graph& g, NodeId y) {
        return g.add(Slice{.axis = 1, .begin = 0, .end = 5, .step = 2}, {y}, "every other");
    };
    after(narrow_tokens, layer_read_by(stepped), 0);
}

TEST(ChannelsLast, LeavesOneTransposeAtTheInput) {
    Sketch s;
    const NodeId x = s.relu(s.conv(s.input({2, 3, 8, 8}), 4, 3, 1));
    const NodeId sum = s.graph.add(Binary{.kind = BinaryKind::kAdd}, {s.conv(x, 4, 3, 1), x}, "sum");
    Change change;
    const Graph result = channels_last(s.finish(sum), change);
    verify(result);
    const CostReport report = cost_of(result);
    EXPECT_EQ(report.node_counts.at("transpose"), 1);
    EXPECT_THAT(print(result), HasSubstr("layout=nhwc"));
}

TEST(ChannelsLast, NormalizesGroupsInPlace) {
    Sketch s;
    const NodeId x = s.group_norm(s.conv(s.input({2, 3, 8, 8}), 4, 3, 1), 2);
    Change change;
    const Graph result = channels_last(s.finish(s.conv(x, 4, 3, 1)), change);
    verify(result);
    EXPECT_EQ(cost_of(result).node_counts.at("transpose"), 1);
    EXPECT_THAT(print(result), HasSubstr("group_norm groups=2 layout=nhwc"));
}

TEST(ChannelsLast, SeesTokensAsAViewOfTheImage) {
    Change change;
    const Graph result = channels_last(attention_model(), change);
    verify(result);
    // One at the input, and the heads of q, k, v and their join: none for the tokens.
    EXPECT_EQ(cost_of(result).node_counts.at("transpose"), 5);
}

TEST(MergeMovements, CancelsAndJoins) {
    Graph graph;
    const NodeId x = graph.add_input("x", {DType::kF32, {2, 3, 4, 5}});
    const NodeId there = graph.add(Transpose{{0, 2, 3, 1}}, {x}, "there");
    const NodeId back = graph.add(Transpose{{0, 3, 1, 2}}, {there}, "back");
    const NodeId flat = graph.add(Reshape{{0, -1, 1}}, {back}, "flat");
    graph.set_output(graph.add(Reshape{{0, -1}}, {flat}, "out"));
    Change change;
    const Graph result = merge_movements(graph, change);
    verify(result);
    EXPECT_EQ(result.operations(), 1);
    EXPECT_GT(change.count, 0);
}

TEST(Pruning, GlobalRemovesTheSmallestOfAllTogether) {
    const std::vector<Tensor> weights{Tensor::of<float>({4}, std::vector<float>{0.1f, -5, 0.2f, 4}),
                                      Tensor::of<float>({2}, std::vector<float>{-0.05f, 9})};
    const auto masks = magnitude_masks(weights, 3);
    EXPECT_EQ(masks[0], (std::vector<std::uint8_t>{0, 1, 0, 1}));
    EXPECT_EQ(masks[1], (std::vector<std::uint8_t>{0, 1}));
    EXPECT_EQ(pruned_count(0.5, 5), 2);  // half to even, as Python rounds
}

TEST(Pruning, ReachesTheAmountInEveryLayer) {
    Sketch s;
    const Graph graph = s.finish(s.conv(s.input({1, 3, 8, 8}), 8, 3, 1));
    Change change;
    const CostReport report = cost_of(prune_locally(graph, 0.25, change));
    EXPECT_EQ(change.count, 2);
    EXPECT_EQ(report.zero_weights, 8 * 27 / 4 + 24 / 4);
    EXPECT_THROW(prune_locally(graph, 1.0, change), Error);
    EXPECT_THROW(prune_globally(graph, std::nan(""), change), Error);
}

TEST(DynamicQuantization, LeavesTheFirstLayerAndGroupedConvolutionsInFloat) {
    Sketch s;
    const NodeId stem = s.conv(s.input({1, 3, 8, 8}), 8, 3, 1);
    const Conv2d depthwise{.pad = {1, 1, 1, 1}, .groups = 8};
    const NodeId dw = s.graph.add(depthwise, {stem, s.weight({8, 1, 3, 3})}, "depthwise");
    const Graph graph = s.finish(s.conv(dw, 8, 1, 0));
    Change change;
    const CostReport report = cost_of(quantize_dynamically(graph, QuantScheme::kPerRow, change));
    EXPECT_EQ(report.node_counts.at("conv2d"), 2);
    EXPECT_EQ(report.node_counts.at("quantized_conv2d"), 1);
    EXPECT_EQ(report.node_counts.at("quantized_linear"), 1);
    EXPECT_EQ(cost_of(quantize_dynamically(graph, QuantScheme::kTorch, change))
                  .node_counts.count("quantized_conv2d"),
              0u);
}

TEST(DynamicQuantization, WidePixelsHaveScalesOfTheirOwnWhereAWindowIsOne) {
    Sketch s;
    const NodeId stem = s.conv(s.input({1, 3, 8, 8}), 8, 3, 1);
    const NodeId wide = s.conv(s.conv(stem, 128, 1, 0), 128, 3, 1);
    const Graph graph = s.finish(s.conv(s.conv(wide, 128, 1, 0), 8, 1, 1));
    Change change;
    const Graph quantized = quantize_dynamically(graph, QuantScheme::kPerRow, change);
    std::vector<QuantScheme> schemes;
    for (int i = 0; i < quantized.size(); ++i) {
        const auto* conv = quantized.as<QuantizedConv2d>(static_cast<NodeId>(i));
        if (conv) schemes.push_back(conv->scheme);
    }
    // The first reads 8 channels; the last looks at padding, which has the scale of an image only.
    EXPECT_THAT(schemes, testing::ElementsAre(QuantScheme::kPerImage, QuantScheme::kPerImage,
                                              QuantScheme::kPerRow, QuantScheme::kPerImage));
}

}  // namespace
}  // namespace espalier::passes
