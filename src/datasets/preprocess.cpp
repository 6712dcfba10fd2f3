#include "datasets/preprocess.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace espalier::datasets {
namespace {

float channel_value(const std::vector<float>& values, int channel) {
    return values.size() == 1 ? values.front() : values[static_cast<std::size_t>(channel)];
}

/// The value of every possible pixel, in the very arithmetic of the reference: rescale in double, the rest in
/// float.
std::array<float, 256> value_table(const ProcessorConfig& config, int channel) {
    std::array<float, 256> table;
    for (int p = 0; p < 256; ++p) {
        float value = static_cast<float>(p);
        if (config.rescale && config.rescale_divides) value = value / 255.0f;
        if (config.rescale && !config.rescale_divides) value = static_cast<float>(p * config.rescale_factor);
        if (config.rescale_offset) value = value - 1.0f;
        if (config.normalize)
            value = (value - channel_value(config.mean, channel)) / channel_value(config.std, channel);
        if (config.divide_by_std_again) value = (value - 0.0f) / channel_value(config.std, channel);
        table[static_cast<std::size_t>(p)] = value;
    }
    return table;
}

/// Half of `difference`, rounded as the reference rounds the offset of a centre crop. Negative: padding.
int crop_offset(int difference, bool rounds_half_even) {
    if (!rounds_half_even) return difference >= 0 ? difference / 2 : -((1 - difference) / 2);
    if (difference < 0) return -(-difference / 2);
    return static_cast<int>(std::nearbyint(difference / 2.0));
}

/// What of the resized image ends up in the result: the crop's position, and its part inside the image.
struct Window {
    int top;
    int left;
    Region inside;
};

Window window_of(Extent resized, Extent crop, bool rounds_half_even) {
    Window window{crop_offset(resized.height - crop.height, rounds_half_even),
                  crop_offset(resized.width - crop.width, rounds_half_even),
                  {}};
    window.inside.top = std::max(window.top, 0);
    window.inside.left = std::max(window.left, 0);
    window.inside.height = std::min(resized.height, window.top + crop.height) - window.inside.top;
    window.inside.width = std::min(resized.width, window.left + crop.width) - window.inside.left;
    return window;
}

}  // namespace

Preprocessor::Preprocessor(const ProcessorConfig& config, int channels, int height, int width)
    : config_(config), channels_(channels), height_(height), width_(width) {
    if (channels != 1 && channels != 3) fail("images have 1 or 3 channels; the model takes {}", channels);
    const bool scales = config.normalize || config.divide_by_std_again;
    for (const auto* values : {&config.mean, &config.std}) {
        if (scales && values->size() != 1 && values->size() != static_cast<std::size_t>(channels)) {
            fail("the image processor normalises {} channels, but the model takes {}", values->size(),
                 channels);
        }
    }
    for (int c = 0; c < channels; ++c) values_.push_back(value_table(config, c));
}

Extent Preprocessor::resized_extent(const Image& image) const {
    if (!config_.resize) return {image.height, image.width};
    if (!config_.shortest_edge) return config_.resize_extent;
    const int edge = *config_.shortest_edge;
    const double shorter = std::min(image.height, image.width);
    const double longer =
        std::trunc(static_cast<double>(edge) * std::max(image.height, image.width) / shorter);
    if (longer * edge > static_cast<double>(kMaxPixels)) {
        fail("an image of {} x {} pixels is too elongated to be resized to a shorter edge of {}", image.width,
             image.height, edge);
    }
    const int length = static_cast<int>(longer);
    return image.width <= image.height ? Extent{length, edge} : Extent{edge, length};
}

void Preprocessor::check_size(Extent size, const Image& image) const {
    if (size == Extent{height_, width_}) return;
    fail(
        "the image processor turns {} x {} pixels into {} x {}, but the model takes {} x {}; its processor "
        "file needs {}",
        image.width, image.height, size.width, size.height, width_, height_,
        config_.resize ? "another \"size\" or \"crop_size\"" : "\"do_resize\": true and a \"size\"");
}

void Preprocessor::run(const Image& image, std::span<float> out) const {
    if (static_cast<std::int64_t>(out.size()) != shape().elements()) {
        fail("pixel values of shape {} need {} elements, not {}", shape().str(), shape().elements(),
             out.size());
    }
    const Extent resized = resized_extent(image);
    const Extent size = config_.crop.value_or(resized);
    check_size(size, image);
    const Window window = window_of(resized, size, config_.crop_rounds_half_even);
    // A grey image stays one channel for a colour model: its three channels would be equal at every step.
    const bool to_grey = channels_ == 1 && image.channels == 3;
    const Image grey = to_grey ? with_channels(image, 1) : Image{};
    const Image part = resize_region(to_grey ? grey : image, resized, config_.filter, window.inside);

    const auto plane = static_cast<std::size_t>(height_) * static_cast<std::size_t>(width_);
    const bool padded = part.height != height_ || part.width != width_;
    for (int c = 0; c < channels_; ++c) {
        const auto& values = values_[static_cast<std::size_t>(c)];
        float* to = out.data() + static_cast<std::size_t>(c) * plane;
        if (padded) std::fill_n(to, plane, values[0]);
        const int source = part.channels == 1 ? 0 : config_.flip_channels ? 2 - c : c;
        for (int y = 0; y < part.height; ++y) {
            const std::uint8_t* from = part.row(y) + source;
            float* row = to + (window.inside.top - window.top + y) * std::ptrdiff_t{width_} +
                         (window.inside.left - window.left);
            for (int x = 0; x < part.width; ++x) row[x] = values[from[x * part.channels]];
        }
    }
}

Tensor preprocess(const Image& image, const ProcessorConfig& config, int channels, int height, int width) {
    const Preprocessor preprocessor(config, channels, height, width);
    Tensor values = Tensor::allocate(DType::kF32, preprocessor.shape());
    preprocessor.run(image, values.mutable_span<float>());
    return values;
}

void preprocess_into(const Image& image, const Preprocessor& preprocessor, Tensor& batch,
                     std::int64_t index) {
    const Shape one = preprocessor.shape();
    const Shape& all = batch.shape();
    if (all.rank() != 4 || index < 0 || index >= all[0] || all.product(1, 4) != one.elements()) {
        fail("image {} of shape {} does not fit a batch of shape {}", index, one.str(), all.str());
    }
    const auto count = static_cast<std::size_t>(one.elements());
    preprocessor.run(image,
                     batch.mutable_span<float>().subspan(static_cast<std::size_t>(index) * count, count));
}

}  // namespace espalier::datasets
