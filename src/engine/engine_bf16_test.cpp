#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "engine/random_tensor_test.h"
#include "engine/session.h"
#include "kernels/gemm_bf16/tile_bf16.h"

namespace espalier::engine {
namespace {

using namespace graph;

/// Two convolutions, the second grouped, a linear layer for tokens and a head, all with bf16 weights.
Graph network_of_bf16() {
    Graph graph;
    const auto weights = [&](const char* name, const Shape& shape, std::uint64_t seed) {
        return graph.add_constant(name, random_tensor(shape, seed).to_bf16());
    };
    const NodeId x = graph.add_input("x", {DType::kF32, {1, 6, 9, 11}});
    const Activation relu{.present = true, .kind = UnaryKind::kRelu};
    const NodeId conv =
        graph.add(Conv2d{.stride = {2, 1}, .pad = {1, 0, 2, 1}, .activation = relu},
                  {x, weights("w", {8, 6, 3, 2}, 1), graph.add_constant("b", random_tensor({8}, 2))}, "conv");
    const NodeId grouped =
        graph.add(Conv2d{.groups = 2}, {conv, weights("g", {8, 4, 1, 1}, 3), NodeId::kNone, conv}, "grouped");
    const NodeId depthwise = graph.add(Conv2d{.pad = {1, 1, 1, 1}, .groups = 8},
                                       {grouped, weights("d", {8, 1, 3, 3}, 4)}, "depthwise");
    const NodeId rows = graph.add(Reshape{{0, 8, -1}}, {depthwise}, "rows");
    const std::int64_t columns = graph.type(rows).shape[2];
    const NodeId tokens = graph.add(Linear{relu}, {rows, weights("t", {12, columns}, 5)}, "tokens");
    const NodeId flat = graph.add(Reshape{{0, -1}}, {tokens}, "flat");
    graph.set_output(graph.add(Linear{}, {flat, weights("v", {4, 96}, 6)}, "head"));
    return graph;
}

TEST(SessionOfBf16, MultipliesBf16AlikeOnEveryInstructionSetAndSaysWhere) {
    const Graph graph = network_of_bf16();
    const Tensor x = random_tensor({3, 6, 9, 11}, 9);
    SessionOptions plain;
    plain.lowering.isa = Isa::kPortable;
    Session reference(graph, plain);
    const Tensor expected = reference.run(x);
    EXPECT_FALSE(reference.execution().macs.contains("bf16")) << "widened products are f32 products";
    double largest = 0;
    for (const float value : expected.span<float>()) largest = std::max(largest, std::abs(double{value}));
    for (const Isa isa : {Isa::kAvx2, Isa::kAvx512, Isa::kAvx512Vnni, Isa::kAvx512Bf16, Isa::kAmx}) {
        SessionOptions options;
        options.threads = 3;
        options.lowering.isa = isa;
        Session session(graph, options);
        const Tensor y = session.run(x);
        for (std::size_t i = 0; i < y.span<float>().size(); ++i) {
            // Sums in another order may round an activation to the bf16 number beside: half a unit of 2^-8.
            EXPECT_NEAR(y.span<float>()[i], expected.span<float>()[i], largest / 256) << name(isa);
        }
        EXPECT_EQ(session.execution().macs.contains("bf16"), !kernels::bf16_kernel(isa).widens())
            << name(isa);
    }
    // Weights take half the bytes; panels pad their columns to vectors of 16 and their depth to 32, and the
    // depthwise ones are widened.
    EXPECT_LT(Session(graph, {}).execution().weight_bytes, 9600);
}

TEST(SessionOfBf16, AttendsInBf16WhereThatIsFaster) {
    const auto graph_of = [](bool bf16, std::int64_t tokens) {
        Graph graph;
        const NodeId x = graph.add_input("x", {DType::kF32, {1, tokens, 3 * 48, 1}});
        const NodeId rows = graph.add(Reshape{{0, tokens, 3 * 48}}, {x}, "rows");
        const NodeId attention =
            graph.add(Attention{.heads = 3, .scale = 0.25, .bf16 = bf16}, {rows}, "attention");
        graph.set_output(graph.add(Reshape{{0, -1}}, {attention}, "flat"));
        return graph;
    };
    for (const std::int64_t tokens : {49, 77}) {
        const Tensor x = random_tensor({2, tokens, 3 * 48, 1}, 9);
        const Tensor expected = Session(graph_of(false, tokens), {}).run(x);
        for (const Isa isa : {Isa::kPortable, Isa::kAvx512, Isa::kAvx512Bf16, Isa::kAmx}) {
            SessionOptions options;
            options.threads = 2;
            options.lowering.isa = isa;
            Session session(graph_of(true, tokens), options);
            const Tensor y = session.run(x);
            for (std::size_t i = 0; i < y.span<float>().size(); ++i) {
                ASSERT_NEAR(y.span<float>()[i], expected.span<float>()[i], 0.02) << name(isa);
            }
            EXPECT_EQ(session.execution().macs.contains("bf16"),
                      tokens == 77 && !kernels::bf16_kernel(isa).widens())
                << name(isa) << ", " << tokens;
        }
    }
}

TEST(SessionOfBf16, Bf16IsNearF32) {
    const Graph graph = network_of_bf16();
    Rewriter rewriter(graph);
    for (int i = 0; i < graph.size(); ++i) {
        const auto id = static_cast<NodeId>(i);
        const Tensor* constant = graph.constant(id);
        if (constant) {
            rewriter.replace(id, rewriter.out().add_constant(graph[id].name, constant->to_f32()));
        } else {
            rewriter.keep(id);
        }
    }
    const Tensor x = random_tensor({2, 6, 9, 11}, 10);
    const Tensor exact = Session(rewriter.finish(), {}).run(x), rounded = Session(graph, {}).run(x);
    double largest = 0, error = 0;
    for (std::size_t i = 0; i < exact.span<float>().size(); ++i) {
        largest = std::max(largest, std::abs(double{exact.span<float>()[i]}));
        error = std::max(error, std::abs(double{exact.span<float>()[i]} - double{rounded.span<float>()[i]}));
    }
    // Four roundings of activations, each by at most 2^-9 of them.
    EXPECT_LE(error, 4.0 / 512 * largest);
    EXPECT_GT(error, 0) << "activations were not rounded";
}

TEST(SessionOfBf16, SkipsZerosOfBf16WeightsToo) {
    Graph graph;
    const NodeId x = graph.add_input("x", {DType::kF32, {1, 64, 14, 14}});
    Tensor weights = random_tensor({96, 64, 1, 1}, 4);
    for (std::size_t i = 0; i < weights.span<float>().size(); ++i) {
        if (i % 10 != 1) weights.mutable_span<float>()[i] = 0;
    }
    const NodeId conv = graph.add(Conv2d{}, {x, graph.add_constant("w", weights.to_bf16())}, "conv");
    graph.set_output(graph.add(Reduce{.axes = {2, 3}, .keep_axes = false}, {conv}, "mean"));
    SessionOptions widening;
    widening.lowering.isa = Isa::kAvx2;
    EXPECT_TRUE(Session(graph, widening).execution().macs.contains("sparse"));
    // AMX multiplies all of them sooner.
    if (best_isa() >= Isa::kAmx) {
        EXPECT_FALSE(Session(graph, {}).execution().macs.contains("sparse"));
    }
}

/// What multiplies one convolution with bf16 weights, of an image of size x size pixels.
std::string kernel_of(std::int64_t c_in, std::int64_t c_out, std::int64_t kernel, std::int64_t size,
                      const LoweringOptions& options) {
    Graph graph;
    const NodeId x = graph.add_input("x", {DType::kF32, {1, size, size, c_in}});
    const NodeId w = graph.add_constant("w", random_tensor({c_out, c_in, kernel, kernel}, 1).to_bf16());
    const std::int64_t pad = kernel / 2;
    const NodeId conv =
        graph.add(Conv2d{.pad = {pad, pad, pad, pad}, .layout = Layout::kNhwc}, {x, w}, "conv");
    return lower(graph, conv, options)->mac_class();
}

TEST(SessionOfBf16, ConvolutionsMultiplyF32WhereThatIsFaster) {
    for (const Isa isa : {Isa::kAvx2, Isa::kAvx512Bf16, Isa::kAmx}) {
        if (isa > best_isa()) continue;
        SCOPED_TRACE(name(isa));
        const bool widens = kernels::bf16_kernel(isa).widens();
        const std::string products = widens ? "f32" : "bf16";
        LoweringOptions options{.isa = isa};
        EXPECT_EQ(kernel_of(64, 64, 1, 56, options), products);
        EXPECT_EQ(kernel_of(16, 96, 1, 112, options), "f32") << "it waits for its output";
        EXPECT_EQ(kernel_of(24, 96, 1, 112, options), products);
        // Filtering with large tiles multiplies a quarter: less than half, more than the tenth of AMX.
        EXPECT_EQ(kernel_of(128, 128, 3, 28, options), isa == Isa::kAmx ? "bf16" : "f32");
        options.winograd = false;
        EXPECT_EQ(kernel_of(128, 128, 3, 28, options), products);
    }
}

}  // namespace
}  // namespace espalier::engine
