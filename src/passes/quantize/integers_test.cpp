#include "passes/quantize/integers.h"

#include <gtest/gtest.h>

namespace espalier::passes {
namespace {

using namespace graph;

/// A graph on codes of x f32 [1, 2, 3, 4].
struct Sketch {
    Graph graph;
    NodeId x = graph.add_input("x", {DType::kF32, {1, 2, 3, 4}});

    NodeId number(float value) { return graph.add_constant("c", Tensor::of<float>({}, {&value, 1})); }
    NodeId numbers(const std::vector<float>& values) {
        return graph.add_constant("cs",
                                  Tensor::of<float>({static_cast<std::int64_t>(values.size())}, values));
    }
    NodeId code(std::uint8_t value) {
        return graph.add_constant("z", Tensor::of<std::uint8_t>({}, {&value, 1}));
    }
    NodeId quantized(NodeId value, float scale, std::uint8_t zero) {
        return graph.add(QuantizeLinear{}, {value, number(scale), code(zero)}, "quantize");
    }
    NodeId dequantized(float scale, std::uint8_t zero) { return dequantized(x, scale, zero); }
    NodeId dequantized(NodeId value, float scale, std::uint8_t zero) {
        return graph.add(DequantizeLinear{}, {quantized(value, scale, zero), number(scale), code(zero)},
                         "dequantize");
    }
    NodeId weights(const Shape& shape, NodeId scale, std::int8_t value = 3) {
        const std::vector<std::int8_t> codes(static_cast<std::size_t>(shape.elements()), value);
        const NodeId constant = graph.add_constant("w", Tensor::of<std::int8_t>(shape, codes));
        return graph.add(DequantizeLinear{0}, {constant, scale}, "weights");
    }
    /// The graph after the pass, as text: its operations between input and output.
    std::string after(NodeId output, int changes) {
        graph.set_output(graph.add(Reshape{{0, -1}}, {output}, "logits"));
        Change change;
        const Graph result = sum_integers(without_dead_nodes(graph), change);
        verify(result);
        EXPECT_EQ(change.count, changes) << print(result);
        std::string text;
        for (const Node& node : result.nodes()) {
            const bool shown = !std::holds_alternative<Input>(node.op) &&
                               !std::holds_alternative<Constant>(node.op) &&
                               !std::holds_alternative<Reshape>(node.op);
            if (shown) text += (text.empty() ? "" : "; ") + print(node.op);
        }
        return text;
    }
};

// conv(dequantize(x, sx), dequantize(w, sw))  =>  integer_conv2d(x, w, sx*sw)
TEST(SumIntegers, ConvolutionsWithAScaleForEachChannel) {
    Sketch s;
    const NodeId w = s.weights({4, 2, 1, 1}, s.numbers({0.1f, 0.2f, 0.3f, 0.4f}));
    const NodeId y = s.graph.add(Conv2d{}, {s.dequantized(0.5f, 7), w}, "conv");
    EXPECT_EQ(s.after(s.dequantized(y, 0.25f, 3), 1),
              "quantize_linear; integer_conv2d zero_point=7; quantize_linear; dequantize_linear");
}

TEST(SumIntegers, LayersAndTheirActivation) {
    Sketch s;
    const NodeId w = s.weights({5, 4}, s.number(0.1f));
    const Linear relu{.activation = {.present = true}};
    const NodeId y = s.graph.add(relu, {s.dequantized(0.5f, 7), w, s.numbers({1, 2, 3, 4, 5})}, "layer");
    EXPECT_EQ(s.after(y, 1), "quantize_linear; integer_linear zero_point=7 activation=relu");
}

// 127 less a zero point of -100 is no s8: the sums stay whole numbers in f32.
TEST(SumIntegers, WeightsThatAreNoS8StayFloats) {
    Sketch s;
    const std::vector<std::int8_t> codes(8, 127);
    const std::int8_t zero = -100;
    const NodeId constant = s.graph.add_constant("w", Tensor::of<std::int8_t>({4, 2, 1, 1}, codes));
    const NodeId zero_point = s.graph.add_constant("z", Tensor::of<std::int8_t>({}, {&zero, 1}));
    const NodeId w = s.graph.add(DequantizeLinear{0}, {constant, s.number(0.1f), zero_point}, "weights");
    const NodeId y = s.graph.add(Conv2d{}, {s.dequantized(0.5f, 7), w}, "conv");
    EXPECT_EQ(s.after(y, 1), "quantize_linear; dequantize_linear; conv2d; binary kind=mul");
}

// A channel of scale 0 has no units for its bias.
TEST(SumIntegers, ABiasWithoutUnitsIsLeftAlone) {
    Sketch s;
    const NodeId w = s.weights({2, 2, 1, 1}, s.numbers({0.1f, 0.0f}));
    const NodeId y = s.graph.add(Conv2d{}, {s.dequantized(0.5f, 7), w, s.numbers({1, 2})}, "conv");
    EXPECT_EQ(s.after(y, 0), "dequantize_linear axis=0; quantize_linear; dequantize_linear; conv2d");
}

}  // namespace
}  // namespace espalier::passes
