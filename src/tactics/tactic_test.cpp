#include "tactics/tactic.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "graph/cost.h"

namespace espalier::tactics {
namespace {

using testing::HasSubstr;

std::string problem_with(std::string_view text) {
    try {
        parse(text);
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kUsage);
        return error.what();
    }
    return "";
}

TEST(Tactic, DefaultsCanBeLeftOutAgain) {
    EXPECT_EQ(without_defaults("baseline"), "baseline");
    EXPECT_EQ(without_defaults("compile+static-quantization:mse"), "compile+static-quantization");
    EXPECT_EQ(without_defaults("static-quantization:percentile"), "static-quantization:percentile-99.99");
    EXPECT_EQ(without_defaults("local-pruning:0.3+compile"), "local-pruning+compile");
    EXPECT_EQ(without_defaults("local-pruning:0.5"), "local-pruning:0.5");
    EXPECT_THROW(without_defaults("complie"), Error);
}

TEST(Tactic, CanonicalTextWritesDefaultsAndOrdersByPhase) {
    EXPECT_EQ(canonical("baseline"), "baseline");
    EXPECT_EQ(canonical("local-pruning"), "local-pruning:0.3");
    EXPECT_EQ(canonical("compile+global-pruning:.50"), "global-pruning:0.5+compile");
    EXPECT_EQ(canonical("dynamic-quantization:torch+compile"), "compile+dynamic-quantization:torch");
    EXPECT_EQ(canonical("bf16+compile+local-pruning"), "local-pruning:0.3+compile+bf16");
    EXPECT_EQ(canonical("block-pruning+channel-pruning:0.2"), "channel-pruning:0.2+block-pruning:0.3");
    EXPECT_EQ(canonical("static-quantization+compile"), "compile+static-quantization:mse");
    EXPECT_EQ(canonical("static-quantization:percentile"), "static-quantization:percentile-99.99");
    EXPECT_EQ(canonical("static-quantization:percentile-99.90"), "static-quantization:percentile-99.9");
    EXPECT_EQ(canonical("compile+repair+block-pruning+bf16"), "block-pruning:0.3+repair+compile+bf16");
    EXPECT_EQ(canonical("repair+channel-pruning:.2"), "channel-pruning:0.2+repair");
    for (const Tactic& tactic : all_tactics()) {
        std::string text(tactic.name);
        if (tactic.phase == Phase::kRepair) text = "local-pruning+" + text;
        EXPECT_EQ(canonical(canonical(text)), canonical(text));
    }
}

TEST(Tactic, BadTextIsExplained) {
    EXPECT_THAT(problem_with("complie"), HasSubstr("Did you mean 'compile'?"));
    EXPECT_THAT(problem_with(""), HasSubstr("unknown tactic ''"));
    EXPECT_THAT(problem_with("compile:2"), HasSubstr("takes no parameter"));
    EXPECT_THAT(problem_with("global-pruning:1.5"), HasSubstr("1.5"));
    EXPECT_THAT(problem_with("global-pruning:nan"), HasSubstr("nan"));
    EXPECT_THAT(problem_with("global-pruning:"), HasSubstr("colon"));
    EXPECT_THAT(problem_with("compile+compile"), HasSubstr("twice"));
    EXPECT_THAT(problem_with("baseline+compile"), HasSubstr("cannot be composed"));
    EXPECT_THAT(problem_with("bf16:8"), HasSubstr("takes no parameter"));
    EXPECT_THAT(problem_with("dynamic-quantization:torch+compile+bf16"),
                HasSubstr("dynamic-quantization and bf16 each choose the precision"));
    for (const char* scheme :
         {"entropy", "percentile-", "percentile-100", "percentile-50", "percentile99", "percentile-9x"}) {
        EXPECT_THAT(problem_with(std::string("static-quantization:") + scheme), HasSubstr(scheme));
    }
    EXPECT_THAT(problem_with("compile+"), HasSubstr("unknown tactic"));
    EXPECT_THAT(problem_with("repair"), HasSubstr("as in local-pruning:0.5+repair"));
    EXPECT_THAT(problem_with("repair+compile+dynamic-quantization"),
                HasSubstr("makes up for what pruning did"));
    EXPECT_THAT(problem_with("local-pruning+repair:2"), HasSubstr("takes no parameter"));
}

TEST(Tactic, ThatLooksAtImagesSaysSoWithoutThem) {
    EXPECT_TRUE(needs_calibration("compile+static-quantization"));
    EXPECT_TRUE(needs_calibration("global-pruning+repair"));
    EXPECT_FALSE(needs_calibration("compile+dynamic-quantization"));
    graph::Graph graph;
    const auto x = graph.add_input("x", {DType::kF32, {1, 3, 4, 1}});
    graph.set_output(graph.add(graph::Reshape{{0, -1}}, {x}, "out"));
    try {
        tactics::apply(graph, parse("static-quantization"));
        FAIL() << "no images were needed";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kUsage);
        EXPECT_THAT(error.what(), HasSubstr("--calibration"));
    }
}

/// Attention of the given number of heads over 3 tokens of 4 features, with itself as queries, keys and
/// values.
graph::Graph attention_of(std::int64_t heads) {
    using namespace graph;
    Graph graph;
    const NodeId x = graph.add_input("x", {DType::kF32, {1, 3, 4, 1}});
    const NodeId tokens = graph.add(Reshape{{0, 0, -1}}, {x}, "tokens");
    const auto split = [&] {
        const NodeId parts = graph.add(Reshape{{0, 0, heads, 4 / heads}}, {tokens}, "parts");
        return graph.add(Transpose{{0, 2, 1, 3}}, {parts}, "heads");
    };
    const NodeId scores = graph.add(MatMul{.transpose_b = true}, {split(), split()}, "scores");
    const NodeId weights = graph.add(Softmax{}, {scores}, "weights");
    const NodeId rows =
        graph.add(Transpose{{0, 2, 1, 3}}, {graph.add(MatMul{}, {weights, split()}, "mixed")}, "rows");
    const NodeId joined = graph.add(Reshape{{0, 0, -1}}, {rows}, "joined");
    graph.set_output(graph.add(Reshape{{0, -1}}, {joined}, "out"));
    return graph;
}

TEST(Compile, FusesAttentionOfAnyNumberOfHeads) {
    for (const std::int64_t heads : {1, 2, 4}) {
        const Applied applied = tactics::apply(attention_of(heads), parse("compile"));
        EXPECT_EQ(graph::cost_of(applied.graph).node_counts.at("attention"), 1) << heads;
    }
}

}  // namespace
}  // namespace espalier::tactics
