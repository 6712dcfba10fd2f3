#include "graph/graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "graph/cost.h"
#include "graph/json.h"

namespace espalier::graph {
namespace {

using testing::HasSubstr;

Tensor ones(const Shape& shape) {
    Tensor tensor = Tensor::allocate(DType::kF32, shape);
    for (float& element : tensor.mutable_span<float>()) element = 1;
    return tensor;
}

/// conv 3->8 3x3 stride 2, relu, mean over the image, linear 8->4.
Graph small_classifier(std::int64_t batch = 1) {
    Graph graph;
    const NodeId x = graph.add_input("x", {DType::kF32, {batch, 3, 9, 9}});
    const NodeId w = graph.add_constant("conv.weight", ones({8, 3, 3, 3}));
    const NodeId b = graph.add_constant("conv.bias", ones({8}));
    const NodeId conv = graph.add(Conv2d{.stride = {2, 2}, .pad = {1, 1, 1, 1}}, {x, w, b}, "conv");
    const NodeId relu = graph.add(Unary{.kind = UnaryKind::kRelu}, {conv}, "relu");
    const NodeId mean = graph.add(Reduce{.axes = {2, 3}, .keep_axes = false}, {relu}, "mean");
    const NodeId v = graph.add_constant("head.weight", ones({4, 8}));
    graph.set_output(graph.add(Linear{}, {mean, v}, "head"));
    return graph;
}

std::string message_of(const std::function<void()>& action) {
    try {
        action();
    } catch (const Error& error) {
        return error.what();
    }
    return "";
}

TEST(Graph, InfersShapes) {
    const Graph graph = small_classifier();
    verify(graph);
    EXPECT_EQ(graph.type(graph.output()).str(), "f32[1, 4]");
    EXPECT_EQ(graph.operations(), 4);
}

TEST(Graph, IsValidForEveryBatch) {
    const Graph graph = with_batch(small_classifier(), 7);
    verify(graph);
    EXPECT_EQ(graph.type(graph.output()).str(), "f32[7, 4]");
}

TEST(Graph, RejectsWhatDoesNotFitAndNamesTheNode) {
    Graph graph;
    const NodeId x = graph.add_input("x", {DType::kF32, {1, 3, 9, 9}});
    const NodeId w = graph.add_constant("w", ones({8, 4, 3, 3}));
    const std::string message = message_of([&] { graph.add(Conv2d{}, {x, w}, "stem"); });
    EXPECT_THAT(message, HasSubstr("stem"));
    EXPECT_THAT(message, HasSubstr("[8, 4, 3, 3]"));
    EXPECT_THAT(message_of([&] { graph.add(Linear{}, {x, NodeId::kNone}, "head"); }), HasSubstr("required"));
    EXPECT_THAT(message_of([&] { graph.add(Conv2d{.stride = {0, 1}}, {x, x}, "zero"); }), HasSubstr("zero"));
}

TEST(Graph, WeightsMayBeBfloat16ButNothingElseOfTwoBytes) {
    Graph graph;
    const NodeId x = graph.add_input("x", {DType::kF32, {1, 3, 4, 4}});
    const NodeId w = graph.add_constant("w", ones({8, 3, 3, 3}).to_bf16());
    const NodeId conv = graph.add(Conv2d{}, {x, w}, "conv");
    EXPECT_EQ(graph.type(conv), (TensorType{DType::kF32, {1, 8, 2, 2}}));
    const NodeId flat = graph.add(Reshape{{0, -1}}, {conv}, "flat");
    Tensor head = ones({4, 32});
    head.mutable_span<float>()[0] = 0;
    head.mutable_span<float>()[1] = -0.0f;
    graph.set_output(graph.add(Linear{}, {flat, graph.add_constant("v", head.to_bf16())}, "head"));
    verify(graph);
    const CostReport report = cost_of(graph);
    EXPECT_EQ(report.weight_bytes, 2 * (8 * 27 + 4 * 32));
    EXPECT_EQ(report.zero_weights, 2);
    const NodeId half = graph.add_constant("half", Tensor::allocate(DType::kF16, {4, 32}));
    EXPECT_THAT(message_of([&] { graph.add(Linear{}, {flat, half}, "other"); }), HasSubstr("f32 or bf16"));
}

TEST(Graph, ALinearLayerHasAnOutput) {
    Graph graph;
    const NodeId x = graph.add_input("x", {DType::kF32, {1, 6, 2, 2}});
    const NodeId none = graph.add_constant("none", Tensor::allocate(DType::kF32, {0, 2}));
    EXPECT_THROW(graph.add(Linear{}, {x, none}, "linear"), Error);
}

TEST(Graph, GroupsMustDivideTheChannels) {
    Graph graph;
    const NodeId x = graph.add_input("x", {DType::kF32, {1, 6, 2, 2}});
    const NodeId ones = graph.add_constant("ones", Tensor::of<float>({6}, std::vector<float>(6, 1.0f)));
    EXPECT_EQ(graph.type(graph.add(GroupNorm{.groups = 3}, {x, ones, ones}, "norm")).shape,
              (Shape{1, 6, 2, 2}));
    EXPECT_THROW(graph.add(GroupNorm{.groups = 4}, {x, ones, ones}, "four"), Error);
    EXPECT_THROW(graph.add(GroupNorm{.groups = 0}, {x, ones, ones}, "none"), Error);
    const NodeId empty = graph.add(Slice{.axis = 1, .begin = 0, .end = 0}, {x}, "empty");
    const NodeId nothing = graph.add_constant("nothing", Tensor::allocate(DType::kF32, {0}));
    EXPECT_THROW(graph.add(GroupNorm{.groups = 3}, {empty, nothing, nothing}, "of nothing"), Error);
}

// Requirement 35.
TEST(Graph, CountsMacsByHand) {
    const CostReport report = cost_of(small_classifier(5));
    // 8 x 5 x 5 outputs of 3*3*3 products each, and 8*4 of the head.
    EXPECT_EQ(report.by_op.at("conv2d").macs, 8 * 5 * 5 * 27);
    EXPECT_EQ(report.by_op.at("linear").macs, 32);
    EXPECT_EQ(report.total.macs, 8 * 5 * 5 * 27 + 32);
    EXPECT_EQ(report.total.flops(), 2 * report.total.macs + report.total.other_ops);
    EXPECT_EQ(report.constants, 8 * 27 + 8 + 32);
    EXPECT_TRUE(report.uncounted.empty());
    EXPECT_EQ(report.effective_macs, report.total.macs);
    // While the convolution runs, its input and its output are alive.
    EXPECT_EQ(report.peak_activation_bytes, (3 * 81 + 200) * 4);
}

// Requirement 36.
TEST(Graph, EffectiveMacsLeaveOutZeroWeights) {
    Graph graph;
    const NodeId x = graph.add_input("x", {DType::kF32, {1, 1, 1, 4}});
    Tensor weight = ones({2, 4});
    weight.mutable_span<float>()[0] = 0;
    weight.mutable_span<float>()[5] = -0.0f;
    const NodeId flat = graph.add(Reshape{{0, -1}}, {x}, "flat");
    graph.set_output(graph.add(Linear{}, {flat, graph.add_constant("w", weight)}, "head"));
    const CostReport report = cost_of(graph);
    EXPECT_EQ(report.total.macs, 8);
    EXPECT_EQ(report.effective_macs, 6);
    EXPECT_EQ(report.zero_weights, 2);
}

TEST(Graph, SurvivesJson) {
    const Graph graph = small_classifier();
    const Graph again = graph_from_json(to_json(graph), [&](const std::string& name) {
        for (const Node& node : graph.nodes()) {
            if (node.name == name) return node.value;
        }
        fail("no constant '{}'", name);
    });
    EXPECT_EQ(print(graph), print(again));
}

TEST(Graph, CodesSurviveJson) {
    Graph graph;
    const NodeId x = graph.add_input("x", {DType::kF32, {1, 1, 1, 4}});
    const float scale = 0.3f;
    const std::uint8_t zero = 7;
    const std::vector<std::int8_t> weights(8, 1);
    const float scales[] = {0.1f, 0.2f};
    const NodeId flat = graph.add(Reshape{{0, -1}}, {x}, "flat");
    const NodeId s = graph.add_constant("s", Tensor::of<float>({}, {&scale, 1}));
    const NodeId z = graph.add_constant("z", Tensor::of<std::uint8_t>({}, {&zero, 1}));
    const NodeId codes = graph.add(QuantizeLinear{}, {flat, s, z}, "codes");
    const NodeId y = graph.add(IntegerLinear{.zero_point = 7, .output_codes = {true, scale, 7}},
                               {codes, graph.add_constant("w", Tensor::of<std::int8_t>({2, 4}, weights)),
                                graph.add_constant("ws", Tensor::of<float>({2}, scales))},
                               "layer");
    graph.set_output(graph.add(DequantizeLinear{}, {y, s, z}, "logits"));
    const auto constant = [&](const std::string& name) {
        for (const Node& node : graph.nodes()) {
            if (node.name == name) return node.value;
        }
        fail("no constant '{}'", name);
    };
    nlohmann::json json = to_json(graph);
    EXPECT_EQ(print(graph), print(graph_from_json(json, constant)));
    // Written before there were codes: the layer gives floats, which cannot be dequantized.
    for (auto& node : json["nodes"]) {
        if (node.contains("attributes")) node["attributes"].erase("output_codes");
    }
    EXPECT_THAT(message_of([&] { graph_from_json(json, constant); }), HasSubstr("dequantize_linear"));
    json["nodes"].erase(json["nodes"].size() - 1);
    json["output"] = json["nodes"].size() - 1;
    EXPECT_EQ(graph_from_json(json, constant).type(y).dtype, DType::kF32);
}

TEST(Graph, MalformedJsonIsAnError) {
    const auto none = [](const std::string& name) -> Tensor { fail("no constant '{}'", name); };
    EXPECT_THROW(graph_from_json(nlohmann::json::object(), none), Error);
    EXPECT_THROW(graph_from_json({{"schema", "espalier.graph/1"}, {"nodes", {1, 2}}, {"output", 0}}, none),
                 Error);
    nlohmann::json unknown = {{"schema", "espalier.graph/1"}, {"output", 0}};
    unknown["nodes"] = {{{"op", "warp"},
                         {"name", "n"},
                         {"inputs", nlohmann::json::array()},
                         {"attributes", nlohmann::json::object()}}};
    EXPECT_THAT(message_of([&] { graph_from_json(unknown, none); }), HasSubstr("warp"));
}

TEST(Window, CeilLeavesOutWindowsThatStartInThePadding) {
    const Window window{{3, 3}, {2, 2}, {0, 0, 0, 0}, {1, 1}};
    EXPECT_EQ(window.output("pool", 6, 7, true), (Pair{3, 3}));
    EXPECT_EQ(window.output("pool", 6, 7, false), (Pair{2, 3}));
    const Window padded{{2, 2}, {2, 2}, {1, 1, 1, 1}, {1, 1}};
    EXPECT_EQ(padded.output("pool", 3, 3, true), (Pair{2, 2}));
}

}  // namespace
}  // namespace espalier::graph
