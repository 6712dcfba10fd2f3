#include "models/windows.h"

#include <gtest/gtest.h>

namespace espalier::models {
namespace {

using namespace graph;

/// What windows and merging make of `tokens` tokens of 2 channels.
struct Built {
    Graph graph;
    NodeId tokens, result;
    const Ints& picked(NodeId id) const { return graph.as<Gather>(id)->indices; }
};

template <typename Build>
Built build(std::int64_t tokens, Build make) {
    Built built;
    RandomWeights weights(1);
    const Scope scope(built.graph, weights);
    const NodeId pixels = built.graph.add_input("pixels", {DType::kF32, {3, 2, tokens, 1}});
    built.tokens = scope.tokens(pixels);
    built.result = make(scope, built.tokens);
    return built;
}

TEST(Windows, RollAndPartitionInOneGather) {
    // 3 x 4 tokens, filled to 4 x 4, rolled up and left by one:
    //  5  6  7  4
    //  9 10 11  8
    //  z  z  z  z
    //  1  2  3  0
    const Windows windows{{3, 4}, 2, 1};
    const Built built = build(12, [&](const Scope& scope, NodeId x) { return partition(scope, x, windows); });
    EXPECT_EQ(built.graph.type(built.result).shape, (Shape{12, 4, 2}));
    const NodeId gather = built.graph[built.result].inputs[0];
    EXPECT_EQ(built.picked(gather), (Ints{5, 6, 9, 10, 7, 4, 11, 8, 12, 12, 1, 2, 12, 12, 3, 0}));
    EXPECT_NE(built.graph.as<Pad>(built.graph[gather].inputs[0]), nullptr) << "token 12 is one of zeros";
}

TEST(Windows, AreRestored) {
    for (const Windows& windows : {Windows{{6, 9}, 3, 1}, Windows{{5, 7}, 3, 1}, Windows{{5, 7}, 4, 0},
                                   Windows{{1, 1}, 2, 0}, Windows{{8, 8}, 4, 2}}) {
        const Built built = build(windows.grid.tokens(), [&](const Scope& scope, NodeId x) {
            return restore(scope, partition(scope, x, windows), windows);
        });
        EXPECT_EQ(built.graph.type(built.result).shape, (Shape{3, windows.grid.tokens(), 2}));
        const NodeId split = built.graph[built.graph[built.result].inputs[0]].inputs[0];
        const Ints& order = built.picked(built.graph[split].inputs[0]);
        const Ints& back = built.picked(built.result);
        for (std::int64_t token = 0; token < windows.grid.tokens(); ++token) {
            EXPECT_EQ(order[static_cast<std::size_t>(back[static_cast<std::size_t>(token)])], token);
        }
    }
}

TEST(Windows, OfTheWholeGridNeedNoOperation) {
    const Windows windows{{4, 4}, 4, 0};
    const Built built = build(16, [&](const Scope& scope, NodeId x) {
        return restore(scope, partition(scope, x, windows), windows);
    });
    EXPECT_EQ(built.result, built.tokens);
}

TEST(MergeNeighbours, PutsColumnsBehindRows) {
    // 3 x 3 tokens; the third row and column lack a neighbour.
    const Built built = build(9, [](const Scope& scope, NodeId x) {
        return merge_neighbours(scope, {x, {3, 3}}).node;
    });
    EXPECT_EQ(built.graph.type(built.result).shape, (Shape{3, 4, 8}));
    EXPECT_EQ(built.picked(built.graph[built.result].inputs[0]),
              (Ints{0, 3, 1, 4, 2, 5, 9, 9, 6, 9, 7, 9, 8, 9, 9, 9}));
}

}  // namespace
}  // namespace espalier::models
