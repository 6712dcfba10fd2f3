// Repair of pruned networks where the engine runs them: what it must keep, what it must reach, and that it
// reaches it on small models of every architecture.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "base/error.h"
#include "base/random.h"
#include "engine/session.h"
#include "models/load.h"
#include "passes/prune/channels.h"
#include "passes/prune/magnitude.h"
#include "passes/repair/repair.h"
#include "runtimes/native/native_observer.h"
#include "tactics/tactic.h"

namespace espalier::runtimes {
namespace {

namespace fs = std::filesystem;
using namespace graph;
using testing::HasSubstr;

Tensor noise(const Shape& shape, std::uint64_t seed, double scale = 1) {
    Tensor tensor = Tensor::allocate(DType::kF32, shape);
    Random random(seed);
    for (float& value : tensor.mutable_span<float>()) value = static_cast<float>(scale * random.normal());
    return tensor;
}

/// Seeded images whose pixels have much in common, as those of photographs have.
class Noise final : public CalibrationImages {
  public:
    Noise(std::int64_t images, const Shape& image)
        : pixels_(noise({images, image[0], image[1], image[2]}, 5)) {
        const Tensor shared = noise({images}, 6, 2);
        const auto pixels = pixels_.mutable_span<float>();
        for (std::size_t i = 0; i < pixels.size(); ++i) {
            pixels[i] += shared.span<float>()[i / static_cast<std::size_t>(image.elements())];
        }
    }
    std::int64_t size() const override { return pixels_.shape()[0]; }
    Tensor batch(std::int64_t first, std::int64_t count) const override {
        const auto image = static_cast<std::size_t>(pixels_.shape().product(1, 4));
        return Tensor::of<float>(pixels_.shape().with(0, count),
                                 pixels_.span<float>().subspan(static_cast<std::size_t>(first) * image,
                                                               static_cast<std::size_t>(count) * image));
    }
    const CalibrationOrigin& origin() const override { return origin_; }

  private:
    Tensor pixels_;
    CalibrationOrigin origin_{.source = "noise"};
};

Shape image_of(const Graph& graph) {
    const Shape& shape = graph.type(graph.input()).shape;
    return {shape[1], shape[2], shape[3]};
}

passes::Repaired repaired(const Graph& whole, const Graph& pruned, std::vector<passes::KeptSlices> kept = {},
                          int threads = 2) {
    const Noise images(40, image_of(whole));
    NativeObserver observer(images, threads);
    return passes::repair_layers({whole, kept, pruned}, observer);
}

std::vector<float> outputs(const Graph& graph) {
    const Tensor y = engine::Session(graph, {}).run(Noise(40, image_of(graph)).batch(0, 40));
    return {y.span<float>().begin(), y.span<float>().end()};
}

double squared_error(const std::vector<float>& a, const std::vector<float>& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += std::pow(static_cast<double>(a[i]) - b[i], 2);
    return sum / static_cast<double>(a.size());
}

/// Pixels, one convolution, its mean and a head.
struct Sketch {
    Graph graph;
    std::uint64_t seed = 1;

    NodeId input(const Shape& shape) { return graph.add_input("x", {DType::kF32, shape}); }
    NodeId weight(const Shape& shape, double scale = 0.3) {
        ++seed;
        return graph.add_constant(fmt::format("w{}", seed), noise(shape, seed, scale));
    }
    NodeId conv(NodeId x, std::int64_t out, std::int64_t groups = 1, bool bias = true) {
        const std::int64_t in = graph.type(x).shape[1];
        std::vector<NodeId> inputs{x, weight({out, in / groups, 3, 3})};
        if (bias) inputs.push_back(weight({out}));
        return graph.add(Conv2d{.pad = {1, 1, 1, 1}, .groups = groups}, inputs, "conv");
    }
    NodeId norm(NodeId x) {
        const std::int64_t c = graph.type(x).shape[1];
        std::vector<float> variance(static_cast<std::size_t>(c), 2.0f);
        return graph.add(BatchNorm{},
                         {x, weight({c}), weight({c}), weight({c}),
                          graph.add_constant("var", Tensor::of<float>({c}, variance))},
                         "norm");
    }
    NodeId relu(NodeId x) { return graph.add(Unary{}, {x}, "relu"); }
    Graph rows(NodeId image) {
        graph.set_output(graph.add(Reshape{{0, -1}}, {image}, "rows"));
        return graph;
    }
    Graph finish(NodeId image) {
        const NodeId mean = graph.add(Reduce{.axes = {2, 3}, .keep_axes = false}, {image}, "mean");
        graph.set_output(
            graph.add(Linear{}, {mean, weight({3, graph.type(mean).shape[1]}), weight({3})}, "head"));
        return graph;
    }
};

Graph pruned_by(const Graph& graph, double amount) {
    passes::Change change;
    return passes::prune_locally(graph, amount, change);
}

/// The layers' weights in order.
std::vector<Tensor> weights_of(const Graph& graph) {
    std::vector<Tensor> all;
    for (const Node& node : graph.nodes()) {
        const bool layer = std::holds_alternative<Conv2d>(node.op) || std::holds_alternative<Linear>(node.op);
        if (layer && graph.constant(node.inputs[1])) all.push_back(graph.constant(node.inputs[1])->to_f32());
    }
    return all;
}

void expect_same_zeros(const Graph& a, const Graph& b) {
    const auto first = weights_of(a), second = weights_of(b);
    ASSERT_EQ(first.size(), second.size());
    for (std::size_t i = 0; i < first.size(); ++i) {
        const auto x = first[i].span<float>(), y = second[i].span<float>();
        ASSERT_EQ(x.size(), y.size());
        EXPECT_TRUE(
            std::equal(x.begin(), x.end(), y.begin(), [](float v, float w) { return (v == 0) == (w == 0); }));
    }
}

/// One layer, where nothing but its own error is to be repaired: no other weights on the same places come
/// closer, so that any change of one of them makes the error larger.
TEST(Repair, MinimizesTheErrorOfALayer) {
    Sketch s;
    const Graph whole = s.rows(s.conv(s.input({1, 4, 6, 6}), 5));
    const Graph pruned = pruned_by(whole, 0.6);
    const Graph mended = repaired(whole, pruned).graph;
    expect_same_zeros(pruned, mended);
    const auto expected = outputs(whole);
    const double least = squared_error(outputs(mended), expected);
    EXPECT_LT(least, 0.9 * squared_error(outputs(pruned), expected));
    const NodeId conv = mended[mended.output()].inputs[0];
    for (const std::size_t operand : {1u, 2u}) {
        const NodeId changed = mended[conv].inputs[operand];
        const auto count = static_cast<std::size_t>(mended.constant(changed)->elements());
        for (std::size_t at = 0; at < count; at += 7) {
            if (mended.constant(changed)->span<float>()[at] == 0) continue;
            for (const float step : {0.05f, -0.05f}) {
                Rewriter rewriter(mended);
                for (int i = 0; i < mended.size(); ++i) {
                    const auto id = static_cast<NodeId>(i);
                    if (id != changed) {
                        rewriter.keep(id);
                        continue;
                    }
                    Tensor moved = mended.constant(id)->clone();
                    moved.mutable_span<float>()[at] += step;
                    rewriter.replace(id, rewriter.out().add_constant("moved", moved));
                }
                EXPECT_GT(squared_error(outputs(rewriter.finish()), expected), least) << operand << " " << at;
            }
        }
    }
}

TEST(Repair, KeepsMeansAndDeviationsBehindBatchNormalization) {
    Sketch s;
    NodeId x = s.relu(s.norm(s.conv(s.input({1, 3, 8, 8}), 12, 1, false)));
    x = s.relu(s.norm(s.conv(x, 12, 12, false)));
    const Graph whole = s.rows(s.norm(s.conv(x, 6, 1, false)));
    const Graph pruned = pruned_by(whole, 0.7);
    const passes::Repaired result = repaired(whole, pruned);
    EXPECT_EQ(result.norms, 3);
    EXPECT_EQ(result.biases, 0);
    EXPECT_EQ(result.stages, 3);
    EXPECT_EQ(result.added_parameters, 0);
    expect_same_zeros(pruned, result.graph);
    const auto before = outputs(whole), after = outputs(result.graph);
    const auto moments = [](const std::vector<float>& values, std::size_t channel) {
        double sum = 0, squares = 0, count = 0;
        for (std::size_t i = 0; i < values.size(); ++i) {
            if (i / 64 % 6 != channel) continue;
            sum += values[i];
            squares += static_cast<double>(values[i]) * values[i];
            ++count;
        }
        return std::pair{sum / count, std::sqrt(squares / count - std::pow(sum / count, 2))};
    };
    for (std::size_t c = 0; c < 6; ++c) {
        const auto [mean, deviation] = moments(before, c);
        const auto [mean_after, deviation_after] = moments(after, c);
        EXPECT_NEAR(mean_after, mean, 2e-3 * deviation);
        EXPECT_NEAR(deviation_after, deviation, 2e-3 * deviation);
    }
    EXPECT_LT(squared_error(after, before), 0.7 * squared_error(outputs(pruned), before));
}

/// A normalization in front of its convolution, as DenseNet has it, follows what it reads.
TEST(Repair, NormalizationsThatReadNoLayerFollowToo) {
    Sketch s;
    const NodeId x = s.input({1, 3, 8, 8});
    const NodeId made = s.conv(x, 8);
    const NodeId both = s.graph.add(Concat{1}, {made, s.relu(made)}, "both");
    const Graph whole = s.finish(s.conv(s.relu(s.norm(both)), 6));
    const passes::Repaired result = repaired(whole, pruned_by(whole, 0.7));
    EXPECT_EQ(result.norms, 1);
    EXPECT_EQ(result.layers.size(), 3u);
    EXPECT_EQ(result.stages, 4);
}

/// Four channels that are multiples of four others: their readers can do without them.
TEST(Repair, ReadersMakeUpForChannelsThatWent) {
    Sketch s;
    const NodeId x = s.input({1, 3, 6, 6});
    Tensor weights = noise({8, 3, 3, 3}, 3), bias = noise({8}, 4);
    for (std::size_t o = 4; o < 8; ++o) {
        for (std::size_t j = 0; j < 27; ++j) {
            weights.mutable_span<float>()[o * 27 + j] = 0.5f * weights.span<float>()[(o - 4) * 27 + j];
        }
        bias.mutable_span<float>()[o] = 0.5f * bias.span<float>()[o - 4];
    }
    const NodeId made =
        s.graph.add(Conv2d{.pad = {1, 1, 1, 1}},
                    {x, s.graph.add_constant("maker", weights), s.graph.add_constant("bias", bias)}, "maker");
    const Graph whole = s.rows(s.conv(s.relu(made), 5));
    passes::Change change;
    const Graph pruned = passes::prune_channels(whole, 0.5, change);
    ASSERT_EQ(change.kept.size(), 3u);
    const passes::Repaired result = repaired(whole, pruned, change.kept);
    ASSERT_EQ(result.layers.size(), 1u);
    EXPECT_GT(result.layers[0].error_before, 0.05);
    const auto expected = outputs(whole);
    const double before = squared_error(outputs(pruned), expected),
                 after = squared_error(outputs(result.graph), expected);
    EXPECT_LT(after, 1e-3 * before) << result.layers[0].error_after;
}

TEST(Repair, LayersWithoutABiasGetOneThatIsCounted) {
    Sketch s;
    const NodeId conv = s.conv(s.relu(s.input({1, 4, 6, 6})), 5, 1, false);
    const Graph whole = s.rows(conv);
    const Graph pruned = pruned_by(whole, 0.5);
    const passes::Repaired result = repaired(whole, pruned);
    EXPECT_EQ(result.biases, 1);
    EXPECT_EQ(result.added_parameters, 5);
    const Noise images(40, image_of(whole));
    NativeObserver observer(images, 1);
    const auto applied = tactics::apply(whole, tactics::parse("local-pruning:0.5+repair"), &observer);
    EXPECT_EQ(applied.removed_parameters(), -5);
    EXPECT_THAT(applied.notes.back(), HasSubstr("repair refitted 1 layers to 40 images in 1 stages"));
}

TEST(Repair, OfNothingPrunedChangesNothingAndSaysSo) {
    Sketch s;
    const Graph whole = s.finish(s.relu(s.norm(s.conv(s.input({1, 3, 6, 6}), 4))));
    const Noise images(40, image_of(whole));
    NativeObserver observer(images, 1);
    const auto applied = tactics::apply(whole, tactics::parse("local-pruning:0+repair"), &observer);
    EXPECT_EQ(print(applied.graph), print(whole));
    EXPECT_EQ(outputs(applied.graph), outputs(whole));
    EXPECT_EQ(applied.passes.back().changes, 0);
    EXPECT_THAT(applied.notes.back(), HasSubstr("repair found nothing to change"));
}

std::vector<fs::path> small_models() {
    std::vector<fs::path> models;
    for (const char* place : {"tools/goldens/models", "zoo/models"}) {
        for (const auto& entry : fs::directory_iterator(fs::path(ESPALIER_SOURCE_DIR) / place)) {
            if (fs::exists(entry.path() / "config.json")) models.push_back(entry.path());
        }
    }
    std::sort(models.begin(), models.end());
    return models;
}

TEST(Repair, OfEveryArchitectureKeepsZerosAndMakesNoLayerWorse) {
    const auto models = small_models();
    ASSERT_GE(models.size(), 13u);
    for (const fs::path& path : models) {
        SCOPED_TRACE(path.filename());
        const Graph whole = models::load_model(path, {.hash = false}).graph;
        for (const char* tactic : {"local-pruning:0.7", "channel-pruning:0.4+block-pruning:0.5"}) {
            SCOPED_TRACE(tactic);
            const auto applied = tactics::apply(whole, tactics::parse(tactic));
            const auto result = repaired(whole, applied.graph, applied.kept());
            verify(result.graph);
            expect_same_zeros(applied.graph, result.graph);
            for (const auto& layer : result.layers) {
                EXPECT_LE(layer.error_after, layer.error_before) << layer.name;
                EXPECT_TRUE(std::isfinite(layer.error_after)) << layer.name;
            }
            const auto y = outputs(result.graph);
            EXPECT_TRUE(std::all_of(y.begin(), y.end(), [](float v) { return std::isfinite(v); }));
        }
    }
}

TEST(Repair, DoesNotDependOnThreads) {
    for (const char* name : {"mobilenet_v2-mini", "vit-mini"}) {
        const Graph whole =
            models::load_model(fs::path(ESPALIER_SOURCE_DIR) / "zoo/models" / name, {.hash = false}).graph;
        const Graph pruned = pruned_by(whole, 0.7);
        const Graph one = repaired(whole, pruned, {}, 1).graph, three = repaired(whole, pruned, {}, 3).graph;
        const auto a = weights_of(one), b = weights_of(three);
        for (std::size_t i = 0; i < a.size(); ++i) {
            EXPECT_TRUE(std::ranges::equal(a[i].span<float>(), b[i].span<float>())) << name << " " << i;
        }
    }
}

}  // namespace
}  // namespace espalier::runtimes
