#include "runtimes/native/native_observer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/random.h"
#include "engine/session.h"
#include "models/load.h"
#include "passes/quantize/static.h"
#include "runtimes/native/native.h"

namespace espalier::runtimes {
namespace {

using namespace graph;
using testing::HasSubstr;

/// Seeded noise in [-1, 1).
class Noise final : public CalibrationImages {
  public:
    Noise(std::int64_t images, const Shape& image, std::uint64_t seed = 5)
        : pixels_(Tensor::allocate(DType::kF32, {images, image[0], image[1], image[2]})) {
        Random random(seed);
        for (float& value : pixels_.mutable_span<float>())
            value = static_cast<float>(2 * random.uniform() - 1);
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
    CalibrationOrigin origin_{.source = "noise", .images = 40, .seed = 5, .sha256 = "0123456789abcdef"};
};

TEST(NativeObserver, ShowsEveryImageOnce) {
    Graph graph;
    const NodeId x = graph.add_input("x", {DType::kF32, {1, 2, 3, 3}});
    const NodeId out = graph.add(Reduce{ReduceKind::kMean, {2, 3}, false}, {x}, "out");
    graph.set_output(out);
    const Noise noise(70, {2, 3, 3});
    NativeObserver observer(noise, 2);
    EXPECT_EQ(observer.images(), 70);
    double sum = 0;
    std::size_t values = 0;
    observer.observe(graph, {&out, 1}, [&](std::size_t, std::span<const float> seen) {
        for (const float value : seen) sum += value;
        values += seen.size();
    });
    EXPECT_EQ(values, 140u);
    double expected = 0;
    const Tensor all = noise.batch(0, 70);
    for (const float pixel : all.span<float>()) expected += pixel / 9;
    EXPECT_NEAR(sum, expected, 1e-4);
}

/// Clipping a tenth of the values at either end moves the mean of every output; the bias makes up for it.
TEST(StaticQuantization, KeepsTheMeanOfALayer) {
    Graph graph;
    const NodeId x = graph.add_input("x", {DType::kF32, {1, 9, 4, 4}});
    const NodeId squares = graph.add(Binary{BinaryKind::kMul}, {x, x}, "squares");
    Tensor weights = Tensor::allocate(DType::kF32, {5, 9, 3, 3});
    Random random(3);
    for (float& value : weights.mutable_span<float>()) value = static_cast<float>(random.uniform());
    const NodeId conv =
        graph.add(Conv2d{.pad = {1, 1, 1, 1}}, {squares, graph.add_constant("w", weights)}, "conv");
    graph.set_output(graph.add(Reduce{ReduceKind::kMean, {2, 3}, false}, {conv}, "means"));
    const Noise noise(40, {9, 4, 4});
    NativeObserver observer(noise, 1);
    passes::Change change;
    const Graph quantized = passes::quantize_statically(
        graph, {.kind = passes::RangeRule::Kind::kPercentile, .percentile = 90}, observer, change);
    ASSERT_EQ(change.count, 1);
    const Tensor expected = engine::Session(graph, {}).run(noise.batch(0, 40));
    const Tensor y = engine::Session(quantized, {}).run(noise.batch(0, 40));
    double largest = 0;
    for (std::size_t o = 0; o < 5; ++o) {
        double difference = 0;
        for (std::size_t i = o; i < y.span<float>().size(); i += 5) {
            difference += y.span<float>()[i] - expected.span<float>()[i];
            largest = std::max<double>(largest, std::fabs(y.span<float>()[i] - expected.span<float>()[i]));
        }
        EXPECT_NEAR(difference / 40, 0, 1e-5) << o;
    }
    EXPECT_GT(largest, 0.05);
}

NativeInstance instance_of(const std::string& model, const std::string& tactic, bool calibrated = true) {
    VariantSpec spec{.tactic = tactic};
    if (calibrated) {
        spec.calibration = [](const ModelInfo& info) {
            return std::make_shared<Noise>(40, Shape{info.channels, info.height, info.width});
        };
    }
    const auto path = std::filesystem::path(ESPALIER_SOURCE_DIR) / "zoo/models" / model;
    return NativeInstance(models::load_model(path), spec);
}

TEST(NativeInstance, CalibratesAndSaysOnWhat) {
    for (const char* model : {"resnet-mini", "mobilenet_v2-mini", "vit-mini", "convnext-mini"}) {
        NativeInstance instance = instance_of(model, "compile+static-quantization");
        instance.optimize();
        const Evidence evidence = instance.evidence();
        ASSERT_TRUE(evidence.calibration) << model;
        EXPECT_EQ(evidence.calibration->source, "noise");
        EXPECT_GT(evidence.macs_share.at("int8"), 0.5) << model;
        EXPECT_THAT(evidence.notes.front(),
                    HasSubstr("calibrated on 40 images of noise (seed 5, sha256 0123456789ab)"));
        EXPECT_EQ(evidence_from_json(to_json(evidence)).calibration, evidence.calibration);
        const Tensor x =
            Noise(3, {instance.info().channels, instance.info().height, instance.info().width}, 9)
                .batch(0, 3);
        const Tensor y = instance.run(x);
        NativeInstance again = instance_of(model, "compile+static-quantization");
        again.optimize();
        const Tensor z = again.run(x);
        EXPECT_TRUE(std::ranges::equal(y.span<float>(), z.span<float>())) << model;
    }
}

TEST(NativeInstance, KeepsItsGraphsOnlyWhereAsked) {
    const auto path = std::filesystem::path(ESPALIER_SOURCE_DIR) / "zoo/models/vit-mini";
    const VariantSpec spec{.tactic = "global-pruning:0.5+compile"};
    NativeInstance lean(models::load_model(path), spec);
    NativeInstance whole(models::load_model(path), spec, {.keep_graphs = true});
    lean.optimize();
    whole.optimize();
    EXPECT_THROW(lean.model(), Error);
    EXPECT_THROW(lean.applied(), Error);
    EXPECT_GT(whole.model().graph.size(), whole.applied().graph.size());
    EXPECT_EQ(to_json(lean.evidence()), to_json(whole.evidence()));
    EXPECT_THROW(lean.optimize(), Error);
}

TEST(NativeInstance, DoesNotCalibrateInVain) {
    NativeInstance plain = instance_of("resnet-mini", "dynamic-quantization");
    plain.optimize();
    EXPECT_FALSE(plain.evidence().calibration);
    NativeInstance lacking = instance_of("resnet-mini", "static-quantization", false);
    try {
        lacking.optimize();
        FAIL() << "no images were needed";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kUsage);
        EXPECT_THAT(error.what(), HasSubstr("--calibration"));
    }
}

}  // namespace
}  // namespace espalier::runtimes
