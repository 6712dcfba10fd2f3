#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <tuple>
#include <utility>

#include "base/error.h"
#include "base/random.h"
#include "engine/arena_planner.h"
#include "engine/random_tensor_test.h"
#include "engine/session.h"
#include "passes/quantize/dynamic.h"

namespace espalier::engine {
namespace {

using namespace graph;

TEST(ArenaPlanner, BlocksThatMeetNeverOverlap) {
    Random random(11);
    for (int round = 0; round < 50; ++round) {
        std::vector<Lifetime> blocks;
        std::size_t together = 0;
        for (int i = 0; i < 40; ++i) {
            const int first = static_cast<int>(random.below(30));
            blocks.push_back({random.below(5000), first, first + static_cast<int>(random.below(8))});
            together += (blocks.back().bytes + 63) / 64 * 64;
        }
        const ArenaPlan plan = plan_arena(blocks);
        EXPECT_LE(plan.bytes, together);
        for (std::size_t a = 0; a < blocks.size(); ++a) {
            EXPECT_EQ(plan.offsets[a] % 64, 0u);
            EXPECT_LE(plan.offsets[a] + blocks[a].bytes, plan.bytes);
            for (std::size_t b = 0; b < a; ++b) {
                if (blocks[a].first > blocks[b].last || blocks[b].first > blocks[a].last) continue;
                const bool apart = plan.offsets[a] + blocks[a].bytes <= plan.offsets[b] ||
                                   plan.offsets[b] + blocks[b].bytes <= plan.offsets[a] ||
                                   blocks[a].bytes == 0 || blocks[b].bytes == 0;
                EXPECT_TRUE(apart) << a << " and " << b;
            }
        }
    }
}

TEST(ArenaPlanner, BlocksThatFollowEachOtherHaveTheSameMiddle) {
    const std::vector<Lifetime> blocks{{1 << 20, 0, 1}, {4096, 1, 2}, {3 << 18, 2, 3}, {640, 3, 4}};
    const ArenaPlan plan = plan_arena(blocks);
    EXPECT_EQ(plan.bytes, (1u << 20) + 4096u);
    const auto middle = [&](std::size_t i) { return plan.offsets[i] + blocks[i].bytes / 2; };
    EXPECT_EQ(middle(0), middle(2));
    EXPECT_EQ(middle(1), middle(3));
}

/// x [N, 2, 1, 1] -> relu(x) + x + (relu(x) * relu(x)), a value used again after it could have been
/// overwritten.
Graph reused_values() {
    Graph graph;
    const NodeId image = graph.add_input("x", {DType::kF32, {1, 2, 1, 1}});
    const NodeId x = graph.add(Reshape{{0, -1}}, {image}, "flat");
    const NodeId relu = graph.add(Unary{.kind = UnaryKind::kRelu}, {x}, "relu");
    const NodeId square = graph.add(Binary{.kind = BinaryKind::kMul}, {relu, relu}, "square");
    const NodeId sum = graph.add(Binary{.kind = BinaryKind::kAdd}, {relu, x}, "sum");
    graph.set_output(graph.add(Binary{.kind = BinaryKind::kAdd}, {sum, square}, "out"));
    return graph;
}

TEST(Session, LendsMemoryOnlyWhenAValueEnds) {
    Session session(reused_values(), {});
    for (const std::int64_t batch : {1, 3, 1, 2}) {
        const Tensor x = random_tensor({batch, 2, 1, 1}, 5);
        const Tensor y = session.run(x);
        for (std::size_t i = 0; i < y.span<float>().size(); ++i) {
            const float v = x.span<float>()[i];
            const float r = v > 0 ? v : 0;
            EXPECT_FLOAT_EQ(y.span<float>()[i], r + v + r * r);
        }
    }
}

TEST(Session, RefusesOtherShapes) {
    Session session(reused_values(), {});
    EXPECT_THROW(session.run(random_tensor({1, 3, 1, 1}, 1)), Error);
    EXPECT_THROW(session.run(random_tensor({2, 2}, 1)), Error);
    EXPECT_THROW(session.run(Tensor::allocate(DType::kI8, {1, 2, 1, 1})), Error);
}

/// A convolution, a pooling, a mean and a head: every image op at once.
Graph small_network() {
    Graph graph;
    const NodeId x = graph.add_input("x", {DType::kF32, {1, 3, 9, 11}});
    const NodeId conv = graph.add(Conv2d{.stride = {2, 1}, .pad = {1, 0, 2, 1}},
                                  {x, graph.add_constant("w", random_tensor({5, 3, 3, 2}, 1)),
                                   graph.add_constant("b", random_tensor({5}, 2))},
                                  "conv");
    const NodeId pool =
        graph.add(Pool2d{.kind = PoolKind::kAverage, .kernel = {2, 3}, .stride = {1, 2}, .pad = {1, 1, 0, 1}},
                  {conv}, "pool");
    const NodeId norm = graph.add(Unary{.kind = UnaryKind::kGelu}, {pool}, "gelu");
    const NodeId mean = graph.add(Reduce{.axes = {2, 3}, .keep_axes = false}, {norm}, "mean");
    graph.set_output(graph.add(Linear{}, {mean, graph.add_constant("v", random_tensor({4, 5}, 3))}, "head"));
    return graph;
}

TEST(Session, InstructionSetsAndThreadsAgree) {
    const Graph graph = small_network();
    const Tensor x = random_tensor({3, 3, 9, 11}, 9);
    SessionOptions plain;
    plain.lowering.isa = Isa::kPortable;
    const Tensor expected = Session(graph, plain).run(x);
    for (const Isa isa : {Isa::kAvx2, Isa::kAvx512, Isa::kAvx512Vnni, Isa::kAmx}) {
        SessionOptions options;
        options.threads = 3;
        options.lowering.isa = isa;
        const Tensor y = Session(graph, options).run(x);
        for (std::size_t i = 0; i < y.span<float>().size(); ++i) {
            EXPECT_NEAR(y.span<float>()[i], expected.span<float>()[i], 2e-5) << name(isa);
        }
    }
}

TEST(Schedule, OffersPartsThatFitTheBatch) {
    EXPECT_EQ(part_sizes(1, 2), (std::vector<std::int64_t>{1}));
    EXPECT_EQ(part_sizes(3, 2), (std::vector<std::int64_t>{1, 2, 3}));
    EXPECT_EQ(part_sizes(16, 2), (std::vector<std::int64_t>{1, 4, 8, 16}));
    EXPECT_EQ(part_sizes(16, 1), (std::vector<std::int64_t>{1, 4, 16}));
    EXPECT_EQ(part_sizes(64, 2), (std::vector<std::int64_t>{1, 4, 32}));
    EXPECT_EQ(part_sizes(1000, 2), (std::vector<std::int64_t>{1, 4}));
}

TEST(Session, EveryScheduleGivesTheBitsOfSingleImages) {
    const Graph graph = small_network();
    const std::int64_t elements = 3 * 9 * 11;
    for (const int threads : {1, 2, 3}) {
        for (const std::int64_t n : {2, 5, 7, 8}) {
            const Tensor x = random_tensor({n, 3, 9, 11}, 4);
            SessionOptions options;
            options.threads = threads;
            Session session(graph, options);
            const auto expect_single = [&](const Tensor& y) {
                ASSERT_EQ(y.shape(), (Shape{n, 4}));
                Session single(graph, {});
                for (std::int64_t i = 0; i < n; ++i) {
                    const auto image =
                        x.span<float>().subspan(static_cast<std::size_t>(i * elements), elements);
                    const Tensor one = single.run(Tensor::of<float>({1, 3, 9, 11}, image));
                    for (std::size_t j = 0; j < 4; ++j) {
                        ASSERT_EQ(y.span<float>()[static_cast<std::size_t>(i) * 4 + j], one.span<float>()[j]);
                    }
                }
            };
            expect_single(session.run(x));
            session.tune(x);
            expect_single(session.run(x));
            const Schedule schedule = session.execution().schedule;
            EXPECT_LE(schedule.part * (schedule.own_parts ? threads : 1), n) << schedule.str();
            EXPECT_GT(session.execution().arena_bytes, 0);
        }
    }
}

TEST(Session, NeverCutsABatchThatSharesAQuantization) {
    Graph graph;
    const NodeId image = graph.add_input("x", {DType::kF32, {1, 3, 2, 1}});
    const NodeId x = graph.add(Reshape{{0, -1}}, {image}, "flat");
    const NodeId w =
        graph.add_constant("w", Tensor::of<std::int8_t>({2, 6}, std::vector<std::int8_t>(12, 3)));
    const NodeId scale = graph.add_constant("s", Tensor::of<float>({2}, std::vector<float>{0.5F, 0.25F}));
    graph.set_output(graph.add(QuantizedLinear{.scheme = QuantScheme::kTorch}, {x, w, scale}, "out"));
    EXPECT_FALSE(computes_images_apart(graph));
    SessionOptions options;
    options.threads = 2;
    Session session(graph, options);
    const Tensor batch = random_tensor({6, 3, 2, 1}, 2);
    session.tune(batch);
    session.run(batch);
    EXPECT_EQ(session.execution().schedule, (Schedule{6, false}));
}

TEST(Session, TakesTheMaximumOverNeighbouringAxes) {
    const auto reduced = [](graph::Ints axes) {
        Graph graph;
        const NodeId x = graph.add_input("x", {DType::kF32, {1, 3, 4, 5}});
        const NodeId most = graph.add(Reduce{.kind = ReduceKind::kMax, .axes = std::move(axes)}, {x}, "most");
        graph.set_output(graph.add(Reshape{{0, -1}}, {most}, "flat"));
        return graph;
    };
    const Tensor x = random_tensor({2, 3, 4, 5}, 8);
    const Tensor rows = Session(reduced({-3}), {}).run(x);
    const Tensor planes = Session(reduced({2, 1}), {}).run(x);
    for (std::size_t n = 0; n < 2; ++n) {
        for (std::size_t column = 0; column < 5; ++column) {
            float most = -1e9F;
            for (std::size_t row = 0; row < 4; ++row) {
                float most_of_row = -1e9F;
                for (std::size_t c = 0; c < 3; ++c) {
                    most_of_row =
                        std::max(most_of_row, x.span<float>()[((n * 3 + c) * 4 + row) * 5 + column]);
                }
                EXPECT_EQ(rows.span<float>()[(n * 4 + row) * 5 + column], most_of_row);
                most = std::max(most, most_of_row);
            }
            EXPECT_EQ(planes.span<float>()[n * 5 + column], most);
        }
    }
    EXPECT_THROW(Session(reduced({1, 3}), {}), Error);
}

/// A 3x3 convolution and a linear layer of its pixels, with the given share of non-zero 1x4 blocks in both.
Graph sparse_network(double density) {
    const auto weights = [&](const Shape& shape, std::uint64_t seed) {
        Tensor tensor = random_tensor(shape, seed);
        Random random(seed);
        const std::int64_t k = shape[1], taps = tensor.elements() / (shape[0] * k);
        for (std::int64_t i = 0; i < shape[0] * k * taps; i += 4 * taps) {
            for (std::int64_t tap = 0; tap < taps; ++tap) {
                if (random.uniform() < density) continue;
                for (std::int64_t b = 0; b < 4; ++b) {
                    tensor.mutable_span<float>()[static_cast<std::size_t>(i + b * taps + tap)] = 0;
                }
            }
        }
        return tensor;
    };
    Graph graph;
    const NodeId x = graph.add_input("x", {DType::kF32, {1, 64, 14, 14}});
    const NodeId conv = graph.add(Conv2d{.pad = {1, 1, 1, 1}},
                                  {x, graph.add_constant("w", weights({256, 64, 3, 3}, 7)),
                                   graph.add_constant("b", random_tensor({256}, 8))},
                                  "conv");
    const NodeId rows =
        graph.add(Transpose{{0, 2, 1}}, {graph.add(Reshape{{0, 256, -1}}, {conv}, "flat")}, "rows");
    const NodeId linear =
        graph.add(Linear{}, {rows, graph.add_constant("v", weights({80, 256}, 9))}, "linear");
    graph.set_output(graph.add(Reduce{.axes = {1}, .keep_axes = false}, {linear}, "mean"));
    return graph;
}

TEST(Session, DenseAndSparseKernelsAgreeAndEvidenceCountsWhatIsSkipped) {
    const Graph plain = sparse_network(0.1);
    passes::Change change;
    const Graph quantized = passes::quantize_dynamically(plain, graph::QuantScheme::kPerRow, change);
    const Tensor image = random_tensor({2, 64, 14, 14}, 6);
    SessionOptions sparse, dense;
    // AMX multiplies these in int8 sooner than zeros are skipped.
    sparse.lowering.isa = dense.lowering.isa = Isa::kAvx512Bf16;
    dense.lowering.sparse = false;
    for (const auto& [network, dense_class, sparse_class] :
         {std::tuple{&plain, "f32", "sparse"}, std::tuple{&quantized, "int8", "sparse-int8"}}) {
        Session with(*network, sparse), without(*network, dense);
        const std::int64_t macs = 196 * (256 * 64 * 9 + 80 * 256);
        EXPECT_EQ(without.execution().macs, (std::map<std::string, std::int64_t>{{dense_class, macs}}));
        EXPECT_EQ(without.execution().effective_macs, macs);
        EXPECT_EQ(with.execution().macs, (std::map<std::string, std::int64_t>{{sparse_class, macs}}));
        std::int64_t nonzeros = 0;
        for (const graph::Node& node : plain.nodes()) {
            if (!std::holds_alternative<graph::Constant>(node.op) || node.value.shape().rank() < 2) continue;
            const auto values = node.value.span<float>();
            nonzeros += std::ssize(values) - std::count(values.begin(), values.end(), 0.0f);
        }
        EXPECT_EQ(with.execution().effective_macs, 196 * nonzeros);
        const Tensor a = with.run(image), b = without.run(image);
        // Sums of at most 600 products in another order, or equal codes.
        for (std::size_t i = 0; i < a.span<float>().size(); ++i) {
            EXPECT_NEAR(a.span<float>()[i], b.span<float>()[i], 2e-4) << sparse_class;
        }
    }
    EXPECT_EQ(Session(sparse_network(1), {}).execution().macs.count("sparse"), 0u);
}

TEST(Session, AnyNumberOfThreadsGivesTheSameBits) {
    Graph graph;
    const auto weights = [&](const char* name, const Shape& shape, std::uint64_t seed) {
        return graph.add_constant(name, random_tensor(shape, seed));
    };
    const Activation silu{.present = true, .kind = UnaryKind::kSilu};
    const NodeId x = graph.add_input("x", {DType::kF32, {1, 16, 37, 29}});
    const NodeId wide = graph.add(Conv2d{.activation = silu}, {x, weights("a", {96, 16, 1, 1}, 1)}, "wide");
    const NodeId each = graph.add(Conv2d{.pad = {1, 1, 1, 1}, .groups = 96, .activation = silu},
                                  {wide, weights("d", {96, 1, 3, 3}, 2)}, "each");
    const NodeId mean = graph.add(Reduce{.axes = {2, 3}, .keep_axes = true}, {each}, "mean");
    const NodeId gated = graph.add(Binary{.kind = BinaryKind::kMul}, {each, mean}, "gated");
    const NodeId square =
        graph.add(Conv2d{.pad = {1, 1, 1, 1}}, {gated, weights("s", {48, 96, 3, 3}, 3)}, "square");
    const NodeId flat = graph.add(Reduce{.axes = {2, 3}, .keep_axes = false}, {square}, "flat");
    graph.set_output(graph.add(Linear{}, {flat, weights("h", {1000, 48}, 4)}, "head"));
    passes::Change change;
    const Graph quantized = passes::quantize_dynamically(graph, graph::QuantScheme::kPerRow, change);
    const Graph sparse = sparse_network(0.1);
    const Tensor image = random_tensor({3, 16, 37, 29}, 5), square_image = random_tensor({3, 64, 14, 14}, 6);
    for (const auto& [network, input] :
         {std::pair(&std::as_const(graph), &image), {&quantized, &image}, {&sparse, &square_image}}) {
        const Tensor expected = Session(*network, {.threads = 1}).run(*input);
        for (const int threads : {2, 3, 5}) {
            const Tensor y = Session(*network, {.threads = threads}).run(*input);
            EXPECT_TRUE(std::ranges::equal(expected.span<float>(), y.span<float>())) << threads;
        }
    }
}

/// A linear layer used twice, and another, over weights whose memory tells when nobody holds it.
struct WatchedNetwork {
    Graph graph;
    std::weak_ptr<const void> twice;
    std::weak_ptr<const void> once;

    WatchedNetwork() {
        const NodeId image = graph.add_input("x", {DType::kF32, {1, 8, 1, 1}});
        const NodeId x = graph.add(Reshape{{0, -1}}, {image}, "flat");
        const NodeId w = graph.add_constant("w", watched(twice, {8, 8}));
        const NodeId first = graph.add(Linear{}, {x, w}, "first");
        const NodeId second = graph.add(Linear{}, {first, w}, "second");
        graph.set_output(
            graph.add(Linear{}, {second, graph.add_constant("head", watched(once, {3, 8}))}, "third"));
    }

  private:
    static Tensor watched(std::weak_ptr<const void>& watch, const Shape& shape) {
        const auto owner = std::make_shared<const Tensor>(random_tensor(shape, 12));
        watch = owner;
        return Tensor::view(DType::kF32, shape, owner->bytes(), owner);
    }
};

TEST(Session, GivesWeightsBackOnceTheyArePacked) {
    WatchedNetwork network;
    const Tensor x = random_tensor({2, 8, 1, 1}, 13);
    SessionOptions options;
    options.threads = 3;
    Session beside(network.graph, options);
    EXPECT_FALSE(network.twice.expired() || network.once.expired()) << "somebody else holds the graph";
    const Tensor expected = beside.run(x);
    Session alone(std::move(network.graph), options);
    EXPECT_TRUE(network.twice.expired());
    EXPECT_TRUE(network.once.expired());
    const Tensor y = alone.run(x);
    EXPECT_TRUE(std::ranges::equal(y.span<float>(), expected.span<float>()));
    EXPECT_EQ(alone.graph().type(alone.graph().output()).shape, (Shape{1, 3}));
}

TEST(Session, KeepsWeightsThatAreReadUnpacked) {
    Graph graph;
    const NodeId image = graph.add_input("x", {DType::kF32, {1, 8, 1, 1}});
    const NodeId x = graph.add(Reshape{{0, -1}}, {image}, "flat");
    const NodeId w = graph.add_constant("w", random_tensor({8, 8}, 14));
    const NodeId mean = graph.add(Reduce{.axes = {0}, .keep_axes = true}, {w}, "mean");
    const NodeId sum =
        graph.add(Binary{.kind = BinaryKind::kMul}, {graph.add(Linear{}, {x, w}, "linear"), mean}, "product");
    graph.set_output(sum);
    const Tensor input = random_tensor({1, 8, 1, 1}, 15);
    const Tensor expected = Session(graph, {}).run(input);
    EXPECT_TRUE(
        std::ranges::equal(Session(std::move(graph), {}).run(input).span<float>(), expected.span<float>()));
}

TEST(Session, ExecutionIsEvidence) {
    Session session(small_network(), {});
    session.run(random_tensor({2, 3, 9, 11}, 1));
    const Execution execution = session.execution();
    EXPECT_EQ(execution.macs.at("f32"), 5 * 5 * 11 * 18 + 20);
    EXPECT_GT(execution.arena_bytes, 0);
    EXPECT_GT(execution.weight_bytes, 4 * (5 * 18 + 20));
    EXPECT_FALSE(execution.kernels.empty());
    EXPECT_EQ(session.profile(random_tensor({1, 3, 9, 11}, 1)).size(),
              static_cast<std::size_t>(execution.steps));
}

}  // namespace
}  // namespace espalier::engine
