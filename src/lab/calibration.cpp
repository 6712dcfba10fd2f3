#include "lab/calibration.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/random.h"
#include "base/thread_pool.h"
#include "datasets/preprocess.h"
#include "tactics/tactic.h"

namespace espalier::lab {
namespace {

using datasets::Dataset;

/// Fewer images are no sample of what activations occur; then evaluated ones are better than none.
constexpr std::int64_t kLeastImages = 32;
constexpr std::int64_t kNoiseImages = 16;

/// Apart from the choice of images to evaluate, which the same seed makes: the two would prefer the same
/// images.
constexpr std::uint64_t kChoice = 0x9e3779b97f4a7c15;

/// How many images of `chosen` have the content of one of `others`.
std::int64_t shared_images(const Dataset& chosen, const Dataset& others) {
    const auto hashes = datasets::image_sha256s(others);
    const std::set<std::string> known(hashes.begin(), hashes.end());
    const auto own = datasets::image_sha256s(chosen);
    return std::count_if(own.begin(), own.end(), [&](const auto& hash) { return known.contains(hash); });
}

std::shared_ptr<const Dataset> evaluated_images(const CalibrationSettings& settings,
                                                const std::vector<std::string>& labels) {
    std::shared_ptr<const Dataset> all = datasets::open_dataset(settings.data, labels);
    return settings.images > 0 ? datasets::subset(std::move(all), settings.images, settings.seed) : all;
}

Calibration chosen_from(std::shared_ptr<const Dataset> all, const std::string& source, std::uint64_t seed) {
    Calibration calibration;
    calibration.images = datasets::subset(std::move(all), tactics::kCalibrationImages, seed ^ kChoice);
    calibration.origin = {.source = source,
                          .images = calibration.images->size(),
                          .seed = seed,
                          .sha256 = datasets::content_sha256(*calibration.images)};
    return calibration;
}

Calibration choose_beside_evaluated(const CalibrationSettings& settings,
                                    const std::vector<std::string>& labels) {
    std::shared_ptr<const Dataset> all = datasets::open_dataset(settings.data, labels);
    const std::int64_t evaluated = settings.images > 0 ? settings.images : all->size();
    const auto others = datasets::outside_subset(all, evaluated, settings.seed);
    if (others && others->size() >= kLeastImages) return chosen_from(others, settings.data, settings.seed);
    auto calibration = chosen_from(evaluated_images(settings, labels), settings.data, settings.seed);
    calibration.origin.evaluated = calibration.origin.images;
    return calibration;
}

/// Decoded and preprocessed each time they are asked for: kept, they could take more memory than the model.
class DatasetImages final : public runtimes::CalibrationImages {
  public:
    DatasetImages(const Calibration& calibration, const runtimes::ModelInfo& model, int threads)
        : calibration_(calibration),
          preprocessor_(model.processor, model.channels, model.height, model.width),
          pool_(threads) {}

    std::int64_t size() const override { return calibration_.images->size(); }
    Tensor batch(std::int64_t first, std::int64_t count) const override {
        const Shape image = preprocessor_.shape();
        Tensor pixels = Tensor::allocate(DType::kF32, {count, image[0], image[1], image[2]});
        pool_.parallel_for(count, 1, [&](std::int64_t begin, std::int64_t end, int) {
            for (std::int64_t i = begin; i < end; ++i) {
                datasets::preprocess_into(datasets::decode(calibration_.images->sample(first + i)),
                                          preprocessor_, pixels, i);
            }
        });
        return pixels;
    }
    const runtimes::CalibrationOrigin& origin() const override { return calibration_.origin; }

  private:
    Calibration calibration_;
    datasets::Preprocessor preprocessor_;
    mutable ThreadPool pool_;
};

class PixelImages final : public runtimes::CalibrationImages {
  public:
    PixelImages(std::shared_ptr<const PixelFile> pixels, runtimes::CalibrationOrigin origin)
        : pixels_(std::move(pixels)), origin_(std::move(origin)) {}

    std::int64_t size() const override { return pixels_->images(); }
    Tensor batch(std::int64_t first, std::int64_t count) const override {
        return PixelFile::batch(pixels_, first, count);
    }
    const runtimes::CalibrationOrigin& origin() const override { return origin_; }

  private:
    std::shared_ptr<const PixelFile> pixels_;
    runtimes::CalibrationOrigin origin_;
};

class NoiseImages final : public runtimes::CalibrationImages {
  public:
    NoiseImages(const runtimes::ModelInfo& model, std::uint64_t seed)
        : pixels_(Tensor::allocate(DType::kF32, {kNoiseImages, model.channels, model.height, model.width})),
          origin_{.source = "seeded noise", .images = kNoiseImages, .seed = seed} {
        Random random(seed);
        for (float& value : pixels_.mutable_span<float>())
            value = static_cast<float>(2 * random.uniform() - 1);
    }

    std::int64_t size() const override { return kNoiseImages; }
    Tensor batch(std::int64_t first, std::int64_t count) const override {
        const Shape& shape = pixels_.shape();
        const auto image = static_cast<std::size_t>(shape.product(1, 4));
        return Tensor::of<float>(shape.with(0, count),
                                 pixels_.span<float>().subspan(static_cast<std::size_t>(first) * image,
                                                               static_cast<std::size_t>(count) * image));
    }
    const runtimes::CalibrationOrigin& origin() const override { return origin_; }

  private:
    Tensor pixels_;
    runtimes::CalibrationOrigin origin_;
};

}  // namespace

Calibration choose_calibration(const CalibrationSettings& settings, const std::vector<std::string>& labels) {
    if (settings.path.empty() && settings.data.empty()) {
        fail_usage("there are no calibration images; name a data set of them with --calibration");
    }
    if (settings.path.empty()) return choose_beside_evaluated(settings, labels);
    auto calibration =
        chosen_from(datasets::open_dataset(settings.path, labels), settings.path, settings.seed);
    if (!settings.data.empty()) {
        calibration.origin.evaluated =
            shared_images(*calibration.images, *evaluated_images(settings, labels));
    }
    return calibration;
}

std::shared_ptr<const runtimes::CalibrationImages> preprocessed(const Calibration& calibration,
                                                                const runtimes::ModelInfo& model,
                                                                int threads) {
    return std::make_shared<DatasetImages>(calibration, model, threads);
}

std::shared_ptr<const runtimes::CalibrationImages> preprocessed(std::shared_ptr<const PixelFile> pixels,
                                                                runtimes::CalibrationOrigin origin) {
    return std::make_shared<PixelImages>(std::move(pixels), std::move(origin));
}

std::shared_ptr<const runtimes::CalibrationImages> noise_images(const runtimes::ModelInfo& model,
                                                                std::uint64_t seed) {
    return std::make_shared<NoiseImages>(model, seed);
}

}  // namespace espalier::lab
