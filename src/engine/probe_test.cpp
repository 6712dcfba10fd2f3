#include "engine/probe.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/random.h"

namespace espalier::engine {
namespace {

using namespace graph;

Tensor random_tensor(const Shape& shape, std::uint64_t seed) {
    Tensor tensor = Tensor::allocate(DType::kF32, shape);
    Random random(seed);
    for (float& value : tensor.mutable_span<float>()) value = static_cast<float>(random.normal());
    return tensor;
}

/// Its nodes by name.
struct Network {
    Graph graph;
    std::map<std::string, NodeId> nodes;

    Network() {
        const NodeId x = graph.add_input("x", {DType::kF32, {1, 3, 5, 7}});
        const NodeId conv =
            graph.add(Conv2d{.pad = {1, 1, 1, 1}},
                      {x, graph.add_constant("w", random_tensor({6, 3, 3, 3}, 1))}, "probe/9");
        const NodeId relu = graph.add(Unary{}, {conv}, "relu");
        const NodeId sum = graph.add(Binary{BinaryKind::kAdd}, {relu, conv}, "sum");
        const NodeId tokens =
            graph.add(Transpose{{0, 2, 1}}, {graph.add(Reshape{{0, 6, -1}}, {sum}, "flat")}, "tokens");
        const NodeId layer =
            graph.add(Linear{}, {tokens, graph.add_constant("v", random_tensor({4, 6}, 2))}, "layer");
        const NodeId out = graph.add(Reduce{ReduceKind::kMean, {1}, false}, {layer}, "out");
        graph.set_output(out);
        nodes = {{"x", x},           {"conv", conv},   {"relu", relu}, {"sum", sum},
                 {"tokens", tokens}, {"layer", layer}, {"out", out}};
    }

    /// Node `name` computed by a session whose output it is, sorted.
    std::vector<float> value(const std::string& name, const Tensor& input) const {
        Graph cut = graph;
        const NodeId node = nodes.at(name);
        cut.set_output(
            cut.add(Unary{.kind = UnaryKind::kNeg}, {cut.add(Reshape{{0, -1}}, {node}, "rows")}, "negative"));
        const Tensor y = Session(without_dead_nodes(cut), {}).run(input);
        std::vector<float> values;
        for (const float negative : y.span<float>()) values.push_back(-negative);
        std::sort(values.begin(), values.end());
        return values;
    }
};

TEST(Probe, ShowsWhatTheSessionComputes) {
    const Network network;
    std::vector<NodeId> watched;
    std::vector<std::string> names;
    for (const auto& [name, node] : network.nodes) {
        names.push_back(name);
        watched.push_back(node);
    }
    Probe probe(network.graph, watched, {});
    for (const std::int64_t batch : {2, 1}) {
        const Tensor input = random_tensor({batch, 3, 5, 7}, 7);
        std::vector<int> seen(names.size(), 0);
        probe.run(input, [&](std::size_t i, std::span<const float> values) {
            ++seen.at(i);
            std::vector<float> sorted(values.begin(), values.end());
            std::sort(sorted.begin(), sorted.end());
            const auto expected = network.value(names[i], input);
            ASSERT_EQ(sorted.size(), expected.size()) << names[i];
            for (std::size_t k = 0; k < sorted.size(); ++k)
                EXPECT_FLOAT_EQ(sorted[k], expected[k]) << names[i];
        });
        EXPECT_EQ(seen, std::vector<int>(names.size(), 1));
    }
}

TEST(Probe, ShowsRowsInTheirOrder) {
    const Network network;
    const NodeId out[] = {network.nodes.at("out")};
    const Tensor input = random_tensor({3, 3, 5, 7}, 4);
    const Tensor expected = Session(network.graph, {}).run(input);
    Probe(network.graph, out, {}).run(input, [&](std::size_t, std::span<const float> values) {
        EXPECT_TRUE(std::ranges::equal(values, expected.span<float>()));
    });
}

TEST(Probe, RefusesWhatIsNoFloat) {
    Network network;
    Graph& graph = network.graph;
    const float scale = 1;
    const std::uint8_t zero = 0;
    const NodeId codes =
        graph.add(QuantizeLinear{},
                  {network.nodes.at("out"), graph.add_constant("s", Tensor::of<float>({}, {&scale, 1})),
                   graph.add_constant("z", Tensor::of<std::uint8_t>({}, {&zero, 1}))},
                  "codes");
    graph.set_output(
        graph.add(DequantizeLinear{}, {codes, graph[codes].inputs[1], graph[codes].inputs[2]}, "back"));
    EXPECT_THROW(Probe(graph, {&codes, 1}, {}), Error);
}

}  // namespace
}  // namespace espalier::engine
