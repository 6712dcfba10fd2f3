#include "engine/plan.h"

#include <gtest/gtest.h>

#include <memory>

#include "engine/random_tensor_test.h"
#include "engine/session.h"
#include "passes/quantize/dynamic.h"

namespace espalier::engine {
namespace {

using namespace graph;

/// x [N, 128, 9, 9] -> a network whose layers read rows, images, a residual and a reshaped value, so that
/// values are wanted in row codes, in floats and in both.
Graph rows_and_images() {
    Graph graph;
    std::uint64_t seed = 30;
    const auto weight = [&](const Shape& shape) {
        return graph.add_constant("w", random_tensor(shape, ++seed));
    };
    const Activation relu{true, UnaryKind::kRelu, 0, 0};
    const auto conv = [&](NodeId x, std::int64_t out, std::int64_t kernel, const Activation& activation,
                          NodeId residual = NodeId::kNone) {
        const std::int64_t pad = kernel / 2;
        std::vector<NodeId> inputs{x, weight({out, graph.type(x).shape[1], kernel, kernel}), weight({out})};
        if (residual != NodeId::kNone) inputs.push_back(residual);
        return graph.add(Conv2d{.pad = {pad, pad, pad, pad}, .activation = activation}, std::move(inputs),
                         "c");
    };
    const NodeId x = graph.add_input("x", {DType::kF32, {1, 128, 9, 9}});
    const NodeId block = conv(x, 144, 1, relu);
    const NodeId middle = conv(conv(block, 20, 1, relu), 130, 3, relu);  // 1x1 for an image, 3x3 for pixels
    const NodeId sum = conv(middle, 144, 1, relu, block);                // block: row codes and floats
    const Conv2d each{.pad = {1, 1, 1, 1}, .groups = 144};
    const NodeId depthwise = graph.add(each, {sum, weight({144, 1, 3, 3}), weight({144})}, "depthwise");
    const NodeId narrow = conv(depthwise, 32, 1, {});
    const NodeId tokens =
        graph.add(Transpose{{0, 2, 1}}, {graph.add(Reshape{{0, 32, -1}}, {narrow}, "flat")}, "tokens");
    const NodeId norm = graph.add(LayerNorm{}, {tokens, weight({32}), weight({32})}, "norm");
    const NodeId wide = graph.add(Linear{{true, UnaryKind::kGelu, 0, 0}}, {norm, weight({80, 32})}, "wide");
    const NodeId again = graph.add(Reshape{{-1, 80}}, {wide}, "rows");  // the same rows
    const NodeId back = graph.add(Linear{}, {again, weight({32, 80})}, "back");
    const NodeId other = graph.add(Reshape{{-1, 16}}, {graph.add(LayerNorm{}, {back}, "last")}, "halves");
    const NodeId halves = graph.add(Linear{}, {other, weight({4, 16})}, "halved");  // other rows
    const NodeId all = graph.add(Reshape{{-1, 81 * 8}}, {halves}, "all");
    graph.set_output(graph.add(Linear{}, {all, weight({5, 81 * 8})}, "out"));
    return graph;
}

TEST(Session, RowCodesBetweenLayersChangeNoBit) {
    passes::Change change;
    const Graph graph = passes::quantize_dynamically(rows_and_images(), QuantScheme::kPerRow, change);
    EXPECT_EQ(change.count, 9);
    const Tensor x = random_tensor({3, 128, 9, 9}, 6);
    for (const Isa isa : {Isa::kPortable, Isa::kAvx2, Isa::kAvx512Vnni, Isa::kAmx}) {
        if (isa > best_isa()) continue;
        for (const int threads : {1, 2}) {
            SessionOptions options;
            options.threads = threads;
            options.lowering.isa = isa;
            Session carried(graph, options), shown(graph, options);
            const Tensor y = carried.run(x);
            int values = 0;
            const Tensor expected = shown.run(x, [&](const Node&, const View& value) {
                EXPECT_EQ(value.codes, nullptr);
                values += value.data != nullptr;
            });
            EXPECT_EQ(values, shown.execution().steps);
            for (std::size_t i = 0; i < y.span<float>().size(); ++i) {
                ASSERT_EQ(y.span<float>()[i], expected.span<float>()[i]) << name(isa) << " at " << i;
            }
        }
    }
}

TEST(Plan, CarriesValuesAsTheirReadersWantThem) {
    Graph graph;
    const auto layer = [&](NodeId x, std::int64_t out, NodeId residual = NodeId::kNone) {
        const std::int64_t in = graph.type(x).shape.back();
        const std::vector<std::int8_t> codes(static_cast<std::size_t>(out * in), 3);
        const NodeId w = graph.add_constant("w", Tensor::of<std::int8_t>({out, in}, codes));
        const NodeId scale = graph.add_constant("s", random_tensor({out}, 7));
        return graph.add(QuantizedLinear{}, {x, w, scale, NodeId::kNone, residual}, "layer");
    };
    const NodeId x = graph.add_input("x", {DType::kF32, {1, 3, 4, 16}});
    const NodeId norm = graph.add(LayerNorm{}, {x}, "norm");
    const NodeId wide = layer(norm, 40);
    const NodeId sum = layer(wide, 16, norm);
    const NodeId cut = graph.add(Reshape{{1, 24, 8}}, {sum}, "cut");
    graph.set_output(layer(cut, 2));
    std::vector<std::unique_ptr<Operator>> operators(static_cast<std::size_t>(graph.size()));
    for (const NodeId id : {norm, wide, sum, graph.output()})
        operators[static_cast<std::size_t>(id)] = lower(graph, id, {});

    const Plan plan(graph, operators);
    const auto forms = [&](NodeId id) {
        for (const Step& step : plan.steps()) {
            if (step.node == id)
                return std::pair(step.operands.output.data != nullptr, step.operands.output.codes != nullptr);
        }
        return std::pair(false, false);
    };
    EXPECT_EQ(forms(norm), std::pair(true, true));   // a layer reads its rows, another adds it
    EXPECT_EQ(forms(wide), std::pair(false, true));  // read by a layer alone
    EXPECT_EQ(forms(sum), std::pair(true, false));   // read in rows of another length
    EXPECT_EQ(forms(graph.output()), std::pair(true, false));
    const Plan floats(graph, operators, {}, Carried::kAsFloats);
    for (const Step& step : floats.steps()) {
        EXPECT_NE(step.operands.output.data, nullptr);
        EXPECT_EQ(step.operands.output.codes, nullptr);
    }
}

}  // namespace
}  // namespace espalier::engine
