#include "passes/quantize/bfloat16.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "graph/cost.h"
#include "passes/cleanup/cleanup.h"
#include "passes/fuse/fuse.h"
#include "passes/prune/magnitude.h"
#include "passes/quantize/dynamic.h"
#include "passes/quantize/round_rows.h"
#include "passes/sketch_test.h"

namespace espalier::passes {
namespace {

using namespace graph;
using testing::HasSubstr;
using testing::Not;

/// attention(q, k, v) => attention(q, k, v, bf16)
TEST(Bfloat16, MarksEveryAttentionOnce) {
    Graph before;
    const NodeId x = before.add_input("x", {DType::kF32, {1, 5, 12, 1}});
    const NodeId rows = before.add(Reshape{{0, 5, 12}}, {x}, "rows");
    const NodeId first = before.add(Attention{.heads = 2, .scale = 0.5}, {rows}, "first");
    const NodeId second = before.add(Attention{.heads = 1}, {first, first, first}, "second");
    before.set_output(before.add(Reshape{{0, -1}}, {second}, "flat"));
    Change change;
    const Graph graph = attend_in_bfloat16(before, change);
    verify(graph);
    EXPECT_EQ(change.count, 2);
    const auto* marked = graph.as<Attention>(graph[graph.output()].inputs[0]);
    ASSERT_NE(marked, nullptr);
    EXPECT_EQ(*marked, (Attention{.heads = 1, .bf16 = true}));
    Change again;
    attend_in_bfloat16(graph, again);
    EXPECT_EQ(again.count, 0);
}

/// linear(x, w) => linear(x, bf16(w)), conv(x, w) => conv(x, bf16(w))
TEST(Bfloat16, RoundsWhatMultipliesAndLeavesTheFirstLayerAndSmallGroups) {
    Sketch s;
    const NodeId stem = s.conv(s.input({1, 3, 8, 8}), 32, 3, 1);
    const NodeId dw =
        s.graph.add(Conv2d{.pad = {1, 1, 1, 1}, .groups = 32}, {stem, s.weight({32, 1, 3, 3})}, "dw");
    const NodeId thin = s.graph.add(Conv2d{.groups = 4}, {dw, s.weight({64, 8, 1, 1})}, "thin");
    const NodeId wide = s.graph.add(Conv2d{.groups = 2}, {thin, s.weight({32, 32, 1, 1})}, "wide");
    const Graph before = s.finish(s.conv(wide, 8, 1, 0));
    Change change;
    const Graph graph = round_weights_to_bfloat16(before, change);
    verify(graph);
    EXPECT_EQ(change.count, 3);
    EXPECT_EQ(graph.size(), before.size());
    for (int i = 0; i < graph.size(); ++i) {
        const auto id = static_cast<NodeId>(i);
        const std::string& name = graph[id].name;
        if (!graph.as<Conv2d>(id) && !graph.as<Linear>(id)) continue;
        const NodeId weights = graph[id].inputs[1];
        const bool rounded = graph.type(weights).dtype == DType::kBF16;
        EXPECT_EQ(rounded,
                  name == "wide" || name == "head" || (name == "conv" && graph.type(weights).shape[1] == 32))
            << name;
        // Constants keep their names, and values are neighbours: within a unit of the eighth bit.
        const NodeId source = before[id].inputs[1];
        EXPECT_EQ(graph[weights].name, before[source].name);
        const Tensor got = graph.constant(weights)->to_f32(), expected = *before.constant(source);
        for (std::size_t j = 0; j < got.span<float>().size(); ++j) {
            const float exact = expected.span<float>()[j];
            ASSERT_LE(std::fabs(got.span<float>()[j] - exact), std::fabs(exact) / 128) << name;
        }
    }
    round_weights_to_bfloat16(graph, change);
    EXPECT_EQ(change.count, 3) << "nothing is left to round";
}

TEST(Bfloat16, ErrorsOfARowSumToAtMostHalfAStepOfItsLargestWeight) {
    const Tensor weights = random_tensor({5, 3, 7, 7}, 12);
    const Tensor rounded = round_rows_to_bf16(weights).to_f32(), nearest = weights.to_bf16().to_f32();
    double most = 0, by_chance = 0;
    for (std::size_t row = 0; row < 5; ++row) {
        double sum = 0, of_nearest = 0, largest = 0;
        for (std::size_t i = row * 147; i < (row + 1) * 147; ++i) {
            const double exact = weights.span<float>()[i];
            sum += exact - double{rounded.span<float>()[i]};
            of_nearest += exact - double{nearest.span<float>()[i]};
            largest = std::max(largest, std::fabs(exact));
        }
        EXPECT_LE(std::fabs(sum), std::ldexp(1.0, std::ilogb(largest) - 8)) << row;
        most = std::max(most, std::fabs(sum));
        by_chance = std::max(by_chance, std::fabs(of_nearest));
    }
    EXPECT_LT(10 * most, by_chance);
}

TEST(Bfloat16, KeepsWhatItCanHoldAndHasNoErrorToMakeGoodForWhatIsNotFinite) {
    const float inf = std::numeric_limits<float>::infinity(), largest = std::numeric_limits<float>::max();
    const std::vector<float> values{1, -0.0f, 0, 1.5f, inf, std::nanf(""), largest, -largest, 1e-45f, 0.1f};
    const Tensor rounded = round_rows_to_bf16(Tensor::of<float>({2, 5}, values)).to_f32();
    const auto y = rounded.span<float>();
    for (const std::size_t i : {0, 1, 2, 3, 4}) EXPECT_EQ(y[i], values[i]) << i;
    EXPECT_TRUE(std::signbit(y[1]));
    EXPECT_TRUE(std::isnan(y[5]));
    EXPECT_NEAR(y[9], 0.1f, 0.1f / 128);
    EXPECT_EQ(round_rows_to_bf16(Tensor::allocate(DType::kF32, {0, 4})).elements(), 0);
}

TEST(Bfloat16, LeavesWeightsThatSomethingElseReads) {
    Graph graph;
    const NodeId x = graph.add(Reshape{{0, -1}}, {graph.add_input("x", {DType::kF32, {1, 1, 1, 3}})}, "flat");
    const NodeId w = graph.add_constant("w", random_tensor({3, 3}, 4));
    const NodeId twice = graph.add(Linear{}, {graph.add(Linear{}, {x, w}, "a"), w}, "b");
    graph.set_output(twice);
    Change change;
    EXPECT_EQ(graph.operations(), round_weights_to_bfloat16(graph, change).operations());
    EXPECT_EQ(change.count, 2) << "two layers share them";
    graph.set_output(graph.add(MatMul{}, {twice, w}, "c"));
    change.count = 0;
    round_weights_to_bfloat16(graph, change);
    EXPECT_EQ(change.count, 0);
}

TEST(Bfloat16, ZerosStayZerosAndOtherPassesTakeRoundedWeights) {
    Sketch s;
    const NodeId x = s.relu(s.conv(s.input({1, 6, 8, 8}), 8, 3, 1));
    Change change;
    const Graph pruned = prune_locally(s.finish(s.batch_norm(s.conv(x, 8, 1, 0))), 0.5, change);
    const Graph graph = round_weights_to_bfloat16(pruned, change);
    EXPECT_EQ(cost_of(graph).zero_weights, cost_of(pruned).zero_weights);
    // Already rounded, as in a model that was exported: nothing can be folded into them without rounding
    // again.
    change.count = 0;
    EXPECT_THAT(print(fold_batch_norm(graph, change)), HasSubstr("batch_norm"));
    EXPECT_EQ(change.count, 0);
    const Graph again = prune_locally(graph, 0.75, change);
    verify(again);
    EXPECT_GT(cost_of(again).zero_weights, cost_of(graph).zero_weights);
    EXPECT_EQ(cost_of(again).weight_bytes, cost_of(graph).weight_bytes);
    EXPECT_EQ(cost_of(quantize_dynamically(graph, QuantScheme::kPerRow, change)).node_counts.count("conv2d"),
              0u);
}

}  // namespace
}  // namespace espalier::passes
