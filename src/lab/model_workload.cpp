#include "lab/model_workload.h"

#include <algorithm>

#include "base/error.h"
#include "lab/evaluation.h"

namespace espalier::lab {
namespace {

/// Images of the measured window are kept in memory; more than this many bytes of them could be swapped out
/// or compete with the model for it.
constexpr std::int64_t kWindowBytes = std::int64_t{256} << 20;
constexpr std::size_t kPage = 4096;

}  // namespace

ModelWorkload::ModelWorkload(runtimes::Runtime& runtime, runtimes::VariantSpec spec, std::string sha256,
                             std::shared_ptr<const PixelFile> pixels)
    : runtime_(runtime), spec_(std::move(spec)), sha256_(std::move(sha256)), pixels_(std::move(pixels)) {
    const std::int64_t batch_bytes = pixels_->image_bytes() * spec_.batch;
    all_calls_ = (pixels_->images() + spec_.batch - 1) / spec_.batch;
    window_calls_ = std::clamp<std::int64_t>(kWindowBytes / batch_bytes, 1, all_calls_);
    predictions_.labels = pixels_->labels();
    predictions_.predicted.resize(predictions_.labels.size());
    predictions_.ranks.resize(predictions_.labels.size());
    touch_pixels();
}

/// Brings the window's images into memory, so that no disk is read while it is measured.
void ModelWorkload::touch_pixels() const {
    const std::int64_t images = std::min(pixels_->images(), window_calls_ * spec_.batch);
    const auto bytes = PixelFile::batch(pixels_, 0, images);
    const volatile std::byte* data = bytes.bytes().data();
    for (std::size_t i = 0; i < bytes.size_bytes(); i += kPage) (void)data[i];
}

void ModelWorkload::load() {
    instance_ = runtime_.load(spec_);
    if (instance_->info().sha256 != sha256_) {
        fail("{} has changed since the study was planned (content {}, was {}); start a new study",
             spec_.model, instance_->info().sha256.substr(0, 12), sha256_.substr(0, 12));
    }
}

void ModelWorkload::optimize() { instance_->optimize(); }

std::int64_t ModelWorkload::batch_images(std::int64_t index) const {
    return std::min<std::int64_t>(spec_.batch, pixels_->images() - index * spec_.batch);
}

std::int64_t ModelWorkload::call(std::int64_t index) {
    const std::int64_t images = batch_images(index);
    logits_ = instance_->run(PixelFile::batch(pixels_, index * spec_.batch, images));
    return images;
}

void ModelWorkload::keep(std::int64_t index) {
    const auto classes = static_cast<std::size_t>(logits_.shape()[1]);
    const auto logits = logits_.span<float>();
    for (std::int64_t i = 0; i < batch_images(index); ++i) {
        const auto image = static_cast<std::size_t>(index * spec_.batch + i);
        const auto row = logits.subspan(static_cast<std::size_t>(i) * classes, classes);
        const auto label = static_cast<std::size_t>(predictions_.labels[image]);
        predictions_.predicted[image] =
            static_cast<std::int32_t>(std::max_element(row.begin(), row.end()) - row.begin());
        predictions_.ranks[image] =
            label < classes ? place_of(row, label) : static_cast<std::int32_t>(classes);
    }
}

void ModelWorkload::unload() {
    // Only now: some runtimes make the variant anew to tell of it, which belongs into no window.
    evidence_ = instance_->evidence();
    logits_ = Tensor();
    instance_.reset();
}

}  // namespace espalier::lab
