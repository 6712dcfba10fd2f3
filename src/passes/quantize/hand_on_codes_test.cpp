#include "passes/quantize/hand_on_codes.h"

#include <gtest/gtest.h>

namespace espalier::passes {
namespace {

using namespace graph;

/// Layers of 2 channels on images of 3x4.
struct Sketch {
    Graph graph;
    NodeId x = graph.add_input("x", {DType::kF32, {1, 2, 3, 4}});

    NodeId number(float value) { return graph.add_constant("c", Tensor::of<float>({}, {&value, 1})); }
    template <typename T>
    NodeId zero(T value) {
        return graph.add_constant("z", Tensor::of<T>({}, {&value, 1}));
    }
    NodeId quantized(NodeId value, float scale, std::uint8_t code) {
        return graph.add(QuantizeLinear{}, {value, number(scale), zero(code)}, "quantize");
    }
    NodeId dequantized(NodeId codes, float scale, std::uint8_t code) {
        return graph.add(DequantizeLinear{}, {codes, number(scale), zero(code)}, "dequantize");
    }
    NodeId convolved(NodeId codes, NodeId residual = NodeId::kNone) {
        const std::vector<std::int8_t> weights(4, 3);
        const float scales[] = {0.1f, 0.2f};
        std::vector<NodeId> inputs{codes,
                                   graph.add_constant("w", Tensor::of<std::int8_t>({2, 2, 1, 1}, weights)),
                                   graph.add_constant("s", Tensor::of<float>({2}, scales))};
        if (residual != NodeId::kNone) inputs.insert(inputs.end(), {NodeId::kNone, residual});
        return graph.add(IntegerConv2d{.zero_point = 5}, std::move(inputs), "conv");
    }
    Graph after(NodeId output, int changes) {
        graph.set_output(graph.add(Reshape{{0, -1}}, {output}, "logits"));
        Change change;
        Graph result = hand_on_codes(without_dead_nodes(graph), change);
        verify(result);
        EXPECT_EQ(change.count, changes) << print(result);
        return result;
    }
};

std::string operations(const Graph& graph) {
    std::string text;
    for (const Node& node : graph.nodes()) {
        const bool shown = !std::holds_alternative<Input>(node.op) &&
                           !std::holds_alternative<Constant>(node.op) &&
                           !std::holds_alternative<Reshape>(node.op);
        if (shown) text += (text.empty() ? "" : "; ") + print(node.op);
    }
    return text;
}

TEST(HandOnCodes, FromLayerToLayerAndAsResidual) {
    Sketch s;
    const NodeId codes = s.quantized(s.x, 0.5f, 5);
    const NodeId first = s.quantized(s.convolved(codes), 0.25f, 5);
    const NodeId second = s.convolved(first, s.dequantized(codes, 0.5f, 5));
    const Graph result = s.after(second, 2);
    EXPECT_EQ(operations(result),
              "quantize_linear; integer_conv2d zero_point=5 output_codes=u8(0.25, 5); "
              "integer_conv2d zero_point=5 residual_codes=u8(0.5, 5)");
}

// One layer that takes a residual as codes and gives its own.
TEST(HandOnCodes, BothEndsOfOneLayer) {
    Sketch s;
    const NodeId codes = s.quantized(s.x, 0.5f, 5);
    const NodeId sum = s.convolved(codes, s.dequantized(codes, 0.5f, 5));
    EXPECT_EQ(
        operations(s.after(s.dequantized(s.quantized(sum, 0.25f, 7), 0.25f, 7), 2)),
        "quantize_linear; integer_conv2d zero_point=5 residual_codes=u8(0.5, 5) output_codes=u8(0.25, 7); "
        "dequantize_linear");
}

TEST(HandOnCodes, ThroughAMaximumButNotAMean) {
    for (const PoolKind kind : {PoolKind::kMax, PoolKind::kAverage}) {
        Sketch s;
        const NodeId pooled = s.graph.add(Pool2d{.kind = kind, .kernel = {2, 2}},
                                          {s.convolved(s.quantized(s.x, 0.5f, 5))}, "pool");
        const bool is_max = kind == PoolKind::kMax;
        const Graph result = s.after(s.dequantized(s.quantized(pooled, 0.25f, 7), 0.25f, 7), is_max ? 1 : 0);
        EXPECT_EQ(operations(result),
                  is_max ? "quantize_linear; integer_conv2d zero_point=5 output_codes=u8(0.25, 7); "
                           "pool2d kernel=[2, 2]; dequantize_linear"
                         : "quantize_linear; integer_conv2d zero_point=5; pool2d kind=average kernel=[2, 2]; "
                           "quantize_linear; dequantize_linear");
    }
}

TEST(HandOnCodes, WhatIsReadAsFloatsStaysFloats) {
    Sketch s;
    const NodeId y = s.convolved(s.quantized(s.x, 0.5f, 5));
    const NodeId again = s.dequantized(s.quantized(y, 0.25f, 7), 0.25f, 7);
    EXPECT_EQ(operations(s.after(s.graph.add(Binary{.kind = BinaryKind::kAdd}, {y, again}, "sum"), 0)),
              "quantize_linear; integer_conv2d zero_point=5; quantize_linear; dequantize_linear; binary");
}

TEST(HandOnCodes, SignedCodesStay) {
    Sketch s;
    const NodeId y = s.convolved(s.quantized(s.x, 0.5f, 5));
    const NodeId codes =
        s.graph.add(QuantizeLinear{}, {y, s.number(0.25f), s.zero(std::int8_t{3})}, "quantize");
    const NodeId again =
        s.graph.add(DequantizeLinear{}, {codes, s.number(0.25f), s.zero(std::int8_t{3})}, "floats");
    EXPECT_EQ(operations(s.after(again, 0)),
              "quantize_linear; integer_conv2d zero_point=5; quantize_linear; dequantize_linear");
}

}  // namespace
}  // namespace espalier::passes
