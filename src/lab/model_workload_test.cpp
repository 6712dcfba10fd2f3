#include "lab/model_workload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "base/error.h"

namespace espalier::lab {
namespace {

using testing::ElementsAre;

/// 10 images of one value each, i for image i; every label is i % 3.
class FakeImages final : public datasets::Dataset {
  public:
    std::string format() const override { return "fake"; }
    std::int64_t size() const override { return 10; }
    int label(std::int64_t index) const override { return static_cast<int>(index % 3); }
    std::string name(std::int64_t index) const override { return std::to_string(index); }
    datasets::Sample sample(std::int64_t index) const override {
        datasets::Image image = datasets::Image::make(1, 1, 1);
        image.pixels[0] = static_cast<std::uint8_t>(index);
        return {name(index), label(index), image};
    }
    const std::vector<std::string>& labels() const override { return labels_; }

  private:
    std::vector<std::string> labels_;
};

/// Says class 0 for even pixels and class 1 for odd ones, class 2 always last.
class ParityInstance final : public runtimes::Instance {
  public:
    explicit ParityInstance(int batch) : batch_(batch) { info_.sha256 = "content"; }
    const runtimes::ModelInfo& info() const override { return info_; }
    void optimize() override { optimized_ = true; }
    Tensor run(const Tensor& pixel_values) override {
        EXPECT_TRUE(optimized_);
        EXPECT_LE(pixel_values.shape()[0], batch_);
        std::vector<float> logits;
        for (const float pixel : pixel_values.span<float>()) {
            const bool odd = static_cast<int>(pixel) % 2 == 1;
            logits.insert(logits.end(), {odd ? 0.0F : 1.0F, odd ? 1.0F : 0.0F, -1.0F});
        }
        return Tensor::of<float>({pixel_values.shape()[0], 3}, logits);
    }
    runtimes::Evidence evidence() const override { return {.nodes_after = 7}; }

  private:
    int batch_;
    bool optimized_ = false;
    runtimes::ModelInfo info_;
};

class ParityRuntime final : public runtimes::Runtime {
  public:
    std::string name() const override { return "parity"; }
    std::string version() override { return "1"; }
    std::string objection(const runtimes::VariantSpec&) override { return ""; }
    runtimes::ModelInfo look(const runtimes::VariantSpec&) override { return {}; }
    std::unique_ptr<runtimes::Instance> load(const runtimes::VariantSpec& spec) override {
        return std::make_unique<ParityInstance>(spec.batch);
    }
};

class ModelWorkloadTest : public testing::Test {
  protected:
    void SetUp() override {
        path_ = std::filesystem::path(testing::TempDir()) /
                ("workload-test-" + std::to_string(::getpid()) + ".pixels");
        PixelFile::write(path_, "key", FakeImages(), datasets::Preprocessor({}, 1, 1, 1),
                         [](std::int64_t) {});
    }
    void TearDown() override { std::filesystem::remove(path_); }

    ModelWorkload workload(const std::string& sha256 = "content") {
        return ModelWorkload(runtime_, {.model = "m", .batch = 4}, sha256, PixelFile::open(path_, "key"));
    }

    std::filesystem::path path_;
    ParityRuntime runtime_;
};

TEST_F(ModelWorkloadTest, ClassifiesEveryImageOnceInAPass) {
    auto trial = workload();
    trial.load();
    trial.optimize();
    EXPECT_EQ(trial.window_calls(), 3);
    EXPECT_EQ(trial.further_calls(), 0);
    std::vector<std::int64_t> images;
    for (std::int64_t i = 0; i < trial.window_calls(); ++i) {
        images.push_back(trial.call(i));
        trial.keep(i);
    }
    trial.unload();
    EXPECT_THAT(images, ElementsAre(4, 4, 2));
    EXPECT_THAT(trial.predictions().labels, ElementsAre(0, 1, 2, 0, 1, 2, 0, 1, 2, 0));
    EXPECT_THAT(trial.predictions().predicted, ElementsAre(0, 1, 0, 1, 0, 1, 0, 1, 0, 1));
    EXPECT_THAT(trial.predictions().ranks, ElementsAre(0, 0, 2, 1, 1, 2, 0, 0, 2, 1));
    EXPECT_EQ(trial.evidence().nodes_after, 7);
}

// Requirement 29.
TEST_F(ModelWorkloadTest, RefusesAModelThatChanged) {
    auto trial = workload("other content");
    EXPECT_THROW(trial.load(), Error);
}

}  // namespace
}  // namespace espalier::lab
