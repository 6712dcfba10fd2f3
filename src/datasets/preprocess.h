#pragma once

#include <array>
#include <span>
#include <vector>

#include "datasets/image.h"
#include "datasets/processor.h"
#include "datasets/resize.h"
#include "tensor/tensor.h"

namespace espalier::datasets {

/// Turns images into the pixel values [channels, height, width] that one model takes. Prepared once; run() is
/// const and may be called from several threads. Values equal transformers 4.48 with Pillow bit for bit.
class Preprocessor {
  public:
    /// Throws Error when channels is not 1 or 3, or the processor normalises another number of channels.
    Preprocessor(const ProcessorConfig& config, int channels, int height, int width);

    /// [channels, height, width]
    Shape shape() const { return {channels_, height_, width_}; }

    /// Writes the values of one image. Throws Error when the processor gives another size than the model
    /// takes, or `out` has another number of elements.
    void run(const Image& image, std::span<float> out) const;

  private:
    Extent resized_extent(const Image& image) const;
    void check_size(Extent size, const Image& image) const;

    ProcessorConfig config_;
    int channels_;
    int height_;
    int width_;
    std::vector<std::array<float, 256>> values_;  ///< per output channel: pixel -> value
};

/// Pixel values f32 [channels, height, width] of one image. See Preprocessor.
Tensor preprocess(const Image& image, const ProcessorConfig& config, int channels, int height, int width);

/// Writes the pixel values of one image to `batch` [n, channels, height, width] at `index`.
void preprocess_into(const Image& image, const Preprocessor& preprocessor, Tensor& batch, std::int64_t index);

}  // namespace espalier::datasets
