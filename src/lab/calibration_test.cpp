#include "lab/calibration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/error.h"
#include "datasets/preprocess.h"
#include "lab/trial.h"
#include "models/load.h"

namespace espalier::lab {
namespace {

using testing::HasSubstr;

const std::filesystem::path kZoo = std::filesystem::path(ESPALIER_SOURCE_DIR) / "zoo";
const std::string kTest = (kZoo / "images/test").string();
const std::string kOthers = (kZoo / "images/calibration").string();

runtimes::ModelInfo zoo_model() {
    const auto model = models::load_model(kZoo / "models/resnet-mini");
    runtimes::ModelInfo info;
    info.labels = model.labels;
    info.processor = model.processor;
    info.height = static_cast<int>(model.height());
    info.width = static_cast<int>(model.width());
    return info;
}

std::set<std::string> names_of(const datasets::Dataset& dataset) {
    std::set<std::string> names;
    for (std::int64_t i = 0; i < dataset.size(); ++i) names.insert(dataset.name(i));
    return names;
}

TEST(ChooseCalibration, TakesImagesThatAreNotEvaluated) {
    const auto labels = zoo_model().labels;
    const CalibrationSettings settings{.data = kTest, .images = 300, .seed = 4};
    const auto calibration = choose_calibration(settings, labels);
    EXPECT_EQ(calibration.images->size(), 256);
    EXPECT_EQ(calibration.origin.images, 256);
    EXPECT_EQ(calibration.origin.evaluated, 0);
    EXPECT_EQ(calibration.origin.source, kTest);
    const auto evaluated = names_of(*datasets::subset(datasets::open_dataset(kTest, labels), 300, 4));
    for (const auto& name : names_of(*calibration.images)) EXPECT_FALSE(evaluated.contains(name)) << name;
    std::set<int> classes;
    for (std::int64_t i = 0; i < 256; ++i) classes.insert(calibration.images->label(i));
    EXPECT_EQ(classes.size(), labels.size());
}

TEST(ChooseCalibration, IsAMatterOfTheSeed) {
    const auto labels = zoo_model().labels;
    const auto sha256 = [&](std::uint64_t seed) {
        return choose_calibration({.data = kTest, .images = 300, .seed = seed}, labels).origin.sha256;
    };
    EXPECT_EQ(sha256(1), sha256(1));
    EXPECT_NE(sha256(1), sha256(2));
}

TEST(ChooseCalibration, SaysWhereItTakesEvaluatedImages) {
    const auto labels = zoo_model().labels;
    // 10 images are left, and none: too few to calibrate on.
    for (const std::int64_t images : {990, 0}) {
        const auto origin = choose_calibration({.data = kTest, .images = images}, labels).origin;
        EXPECT_EQ(origin.images, 256);
        EXPECT_EQ(origin.evaluated, 256);
        EXPECT_THAT(runtimes::describe(origin), HasSubstr("256 of them are also evaluated"));
    }
}

TEST(ChooseCalibration, OfItsOwnDataTellsEvaluatedImagesByContent) {
    const auto labels = zoo_model().labels;
    const auto apart = choose_calibration({.path = kOthers, .data = kTest}, labels).origin;
    EXPECT_EQ(apart.images, 200);
    EXPECT_EQ(apart.evaluated, 0);
    const auto same = choose_calibration({.path = kTest, .data = kTest, .images = 500}, labels).origin;
    EXPECT_GT(same.evaluated, 0);
    EXPECT_LT(same.evaluated, 256);
    EXPECT_EQ(choose_calibration({.path = kTest}, labels).origin.evaluated, 0);
}

TEST(ChooseCalibration, WantsImages) {
    try {
        choose_calibration({}, {"a"});
        FAIL() << "there were none";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kUsage);
        EXPECT_THAT(error.what(), HasSubstr("--calibration"));
    }
    EXPECT_THROW(choose_calibration({.path = "/nowhere"}, {"a"}), Error);
}

TEST(CalibrationImages, ArePreprocessedAsTheModelWants) {
    const auto model = zoo_model();
    const auto calibration = choose_calibration({.path = kOthers}, model.labels);
    const auto images = preprocessed(calibration, model, 2);
    ASSERT_EQ(images->size(), 200);
    const Tensor batch = images->batch(7, 3);
    ASSERT_EQ(batch.shape(), (Shape{3, model.channels, model.height, model.width}));
    for (std::int64_t i = 0; i < 3; ++i) {
        const auto expected =
            datasets::preprocess(datasets::decode(calibration.images->sample(7 + i)), model.processor,
                                 model.channels, model.height, model.width);
        const auto count = static_cast<std::size_t>(expected.elements());
        EXPECT_TRUE(std::ranges::equal(
            batch.span<float>().subspan(static_cast<std::size_t>(i) * count, count), expected.span<float>()));
    }
}

TEST(CalibrationImages, OfNoiseSaySo) {
    const auto images = noise_images(zoo_model(), 3);
    EXPECT_THAT(runtimes::describe(images->origin()), HasSubstr("seeded noise"));
    EXPECT_FALSE(runtimes::may_look_at_images("fp16"));
    EXPECT_FALSE(runtimes::may_look_at_images("global-pruning:0.5+fp16"));
    EXPECT_TRUE(runtimes::may_look_at_images("static-quantization"));
    EXPECT_TRUE(runtimes::may_look_at_images("fp16+somebody-elses"));
    EXPECT_EQ(images->batch(5, 2).shape()[0], 2);
}

TEST(TrialRequest, CarriesTheCalibration) {
    TrialRequest request{.model = "m", .tactic = "static-quantization:mse", .runtime = "native"};
    EXPECT_FALSE(read_request(write_request(request)).calibration);
    request.calibration = {
        "c.pixels", "key", {.source = "d", .images = 9, .seed = 3, .sha256 = "ab", .evaluated = 2}};
    const auto again = read_request(write_request(request)).calibration;
    ASSERT_TRUE(again);
    EXPECT_EQ(again->pixels, "c.pixels");
    EXPECT_EQ(again->pixels_key, "key");
    EXPECT_EQ(again->origin, request.calibration->origin);
}

}  // namespace
}  // namespace espalier::lab
