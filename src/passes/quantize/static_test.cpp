#include "passes/quantize/static.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "passes/match.h"

namespace espalier::passes {
namespace {

using namespace graph;
using testing::ElementsAre;
using testing::FloatNear;

/// Says that every value lies from -1 to 3, and that means are what the test wants.
class Script final : public Observer {
  public:
    explicit Script(std::vector<float> means) : means_(std::move(means)) {}

    std::int64_t images() const override { return 2; }
    int threads() const override { return 1; }
    void observe(const Graph& graph, std::span<const NodeId> nodes, const See& see) override {
        ++calls;
        verify(graph);
        const float ends[] = {-1, 3};
        for (std::size_t i = 0; i < nodes.size(); ++i) {
            const bool is_output = nodes[i] == graph.output();
            see(i, is_output ? std::span<const float>(means_) : std::span<const float>(ends));
            if (is_output) output = graph.type(graph.output()).shape;
        }
        values += nodes.size();
    }

    int calls = 0;
    std::size_t values = 0;
    Shape output{0};

  private:
    std::vector<float> means_;
};

std::string operations(const Graph& graph) {
    std::string text;
    for (const Node& node : graph.nodes()) {
        if (std::holds_alternative<Input>(node.op) || std::holds_alternative<Constant>(node.op)) continue;
        text += (text.empty() ? "" : "; ") + print(node.op);
    }
    return text;
}

std::vector<float> floats(const Graph& graph, NodeId id) {
    const Tensor tensor = graph.constant(id)->to_aligned();
    return {tensor.span<float>().begin(), tensor.span<float>().end()};
}

Tensor filled(const Shape& shape, float first) {
    Tensor tensor = Tensor::allocate(DType::kF32, shape);
    for (float& value : tensor.mutable_span<float>()) value = first++;
    return tensor;
}

Graph quantized(const Graph& graph, Script& script, int changes) {
    Change change;
    const Graph result = quantize_statically(graph, {.kind = RangeRule::Kind::kMinMax}, script, change);
    verify(result);
    EXPECT_EQ(change.count, changes) << print(result);
    return result;
}

// linear(x, w, b, r)  =>  integer_linear(quantize(x, sx, zx), q, sx * sw, b + e, r)
TEST(StaticQuantization, MakesIntegerLayersWithACorrectedBias) {
    Graph graph;
    const NodeId x = graph.add(Reshape{{0, -1}}, {graph.add_input("x", {DType::kF32, {1, 3, 1, 1}})}, "flat");
    const NodeId residual = graph.add(Slice{.axis = 1, .begin = 0, .end = 2}, {x}, "residual");
    const float weights[] = {127, 0, 0, 0, 254, 0};
    graph.set_output(graph.add(Linear{.activation = {.present = true}},
                               {x, graph.add_constant("w", Tensor::of<float>({2, 3}, weights)),
                                graph.add_constant("b", filled({2}, 10)), residual},
                               "layer"));
    // The means over two images of the two channels in f32, then in integers.
    Script script({1, 2, 0.5F, 4, 3, 2, 1.5F, 4});
    const Graph result = quantized(graph, script, 1);
    EXPECT_EQ(script.calls, 2);
    EXPECT_EQ(script.output, (Shape{1, 4}));
    EXPECT_EQ(operations(result),
              "reshape dims=[0, -1]; slice axis=1 end=2; quantize_linear; integer_linear zero_point=64 "
              "activation=relu");
    const auto& inputs = result[result.output()].inputs;
    const double scale = *scalar_constant(result, result[inputs[0]].inputs[1]);
    EXPECT_FLOAT_EQ(static_cast<float>(scale), 4.0F / 255);
    EXPECT_THAT(floats(result, inputs[2]),
                ElementsAre(FloatNear(4.0F / 255, 1e-7F), FloatNear(8.0F / 255, 1e-7F)));
    EXPECT_THAT(floats(result, inputs[3]), ElementsAre(10 + (4 - 2) / 2.0F, 11 + (4 - 8) / 2.0F));
    EXPECT_EQ(result.constant(inputs[1])->dtype(), DType::kI8);
    EXPECT_EQ(result[inputs[4]].name, "residual");
}

/// convolutions of 3, of 8 and of 8 depthwise channels, of 8 in 2 groups, and a linear layer on a constant.
Graph several_layers() {
    Graph graph;
    const NodeId x = graph.add_input("x", {DType::kF32, {1, 3, 4, 4}});
    const auto weight = [&](const Shape& shape) { return graph.add_constant("w", filled(shape, 1)); };
    NodeId y = graph.add(Conv2d{.pad = {1, 1, 1, 1}}, {x, weight({8, 3, 3, 3})}, "first");
    const NodeId left = graph.add(Conv2d{}, {y, weight({8, 8, 1, 1})}, "left");
    const NodeId right =
        graph.add(Conv2d{.pad = {1, 1, 1, 1}, .groups = 8}, {y, weight({8, 1, 3, 3})}, "right");
    y = graph.add(Binary{BinaryKind::kAdd}, {left, right}, "sum");
    y = graph.add(Conv2d{.groups = 2}, {y, weight({8, 4, 1, 1})}, "groups");
    y = graph.add(Reduce{ReduceKind::kMean, {2, 3}, false}, {y}, "mean");
    const NodeId table =
        graph.add(Linear{}, {graph.add_constant("c", filled({1, 5}, 1)), weight({8, 5})}, "table");
    graph.set_output(graph.add(Binary{BinaryKind::kAdd}, {y, table}, "out"));
    return graph;
}

TEST(StaticQuantization, QuantizesAValueOnceAndLeavesSomeLayersInFloat) {
    Script script(std::vector<float>(48, 0));
    const Graph result = quantized(several_layers(), script, 3);
    // The ranges of the input and of the value that both layers read, and one row of means.
    EXPECT_EQ(script.values, 3u);
    EXPECT_EQ(operations(result),
              "quantize_linear; integer_conv2d pad=[1, 1, 1, 1] zero_point=64; quantize_linear; "
              "integer_conv2d zero_point=64; integer_conv2d pad=[1, 1, 1, 1] groups=8 zero_point=64; binary; "
              "conv2d groups=2; reduce axes=[2, 3] keep_axes=false; linear; binary");
}

// conv(x, .., residual = r), where another layer reads r  =>  the residual is the same codes of r
TEST(StaticQuantization, ResidualsOfConvolutionsAreCodesWhereThereAreSome) {
    Graph graph;
    const auto weight = [&](const Shape& shape) { return graph.add_constant("w", filled(shape, 1)); };
    const NodeId x = graph.add_input("x", {DType::kF32, {1, 3, 4, 4}});
    const NodeId first = graph.add(Conv2d{}, {x, weight({8, 3, 1, 1})}, "first");
    const NodeId inner = graph.add(Conv2d{}, {first, weight({8, 8, 1, 1})}, "inner");
    const NodeId sum = graph.add(Conv2d{}, {inner, weight({8, 8, 1, 1}), NodeId::kNone, first}, "sum");
    graph.set_output(graph.add(Reduce{ReduceKind::kMean, {2, 3}, false}, {sum}, "mean"));
    Script script(std::vector<float>(48, 0));
    const Graph result = quantized(graph, script, 3);
    EXPECT_EQ(operations(result),
              "quantize_linear; integer_conv2d zero_point=64; quantize_linear; integer_conv2d zero_point=64; "
              "quantize_linear; dequantize_linear; integer_conv2d zero_point=64; reduce axes=[2, 3] "
              "keep_axes=false");
}

// conv(x, .., residual = conv(r))  =>  the residual is codes of its own
TEST(StaticQuantization, ResidualsThatConvolutionsMakeAreCodesToo) {
    Graph graph;
    const auto weight = [&](const Shape& shape) { return graph.add_constant("w", filled(shape, 1)); };
    const NodeId x = graph.add_input("x", {DType::kF32, {1, 3, 4, 4}});
    const NodeId shortcut = graph.add(Conv2d{}, {x, weight({8, 3, 1, 1})}, "shortcut");
    const NodeId inner = graph.add(Conv2d{}, {x, weight({8, 3, 1, 1})}, "inner");
    const NodeId sum = graph.add(Conv2d{}, {inner, weight({8, 8, 1, 1}), NodeId::kNone, shortcut}, "sum");
    graph.set_output(graph.add(Reduce{ReduceKind::kMean, {2, 3}, false}, {sum}, "mean"));
    Script script(std::vector<float>(48, 0));
    const Graph result = quantized(graph, script, 3);
    // The ranges of x, of what "inner" and "shortcut" give, and one row of means.
    EXPECT_EQ(script.values, 4u);
    EXPECT_EQ(operations(result),
              "quantize_linear; integer_conv2d zero_point=64; integer_conv2d zero_point=64; quantize_linear; "
              "quantize_linear; dequantize_linear; integer_conv2d zero_point=64; reduce axes=[2, 3] "
              "keep_axes=false");
}

TEST(StaticQuantization, TakesWeightsThatWereRoundedToBf16) {
    Graph graph;
    const NodeId x = graph.add(Reshape{{0, -1}}, {graph.add_input("x", {DType::kF32, {1, 3, 1, 1}})}, "flat");
    const Tensor weights = filled({2, 3}, 1);  // whole numbers up to 6, which bf16 holds
    graph.set_output(graph.add(Linear{}, {x, graph.add_constant("w", weights.to_bf16())}, "layer"));
    Script script({0, 0, 0, 0});
    const Graph result = quantized(graph, script, 1);
    Graph plain;
    const NodeId y = plain.add(Reshape{{0, -1}}, {plain.add_input("x", {DType::kF32, {1, 3, 1, 1}})}, "flat");
    plain.set_output(plain.add(Linear{}, {y, plain.add_constant("w", weights)}, "layer"));
    Script again({0, 0, 0, 0});
    const Graph expected = quantized(plain, again, 1);
    EXPECT_EQ(floats(result, result[result.output()].inputs[2]),
              floats(expected, expected[expected.output()].inputs[2]));
}

TEST(StaticQuantization, FindsNothingWhereThereIsNothing) {
    Graph graph;
    const NodeId x = graph.add_input("x", {DType::kF32, {1, 3, 1, 1}});
    graph.set_output(graph.add(Reshape{{0, -1}}, {x}, "flat"));
    Script script({});
    quantized(graph, script, 0);
    EXPECT_EQ(script.calls, 0);
}

}  // namespace
}  // namespace espalier::passes
