#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/mapped_file.h"
#include "datasets/dataset.h"
#include "datasets/preprocess.h"
#include "tensor/tensor.h"

namespace espalier::lab {

/// Preprocessed images of one model in a file, made once for all trials of a study: f32
/// [images, channels, height, width] behind a header with their labels. Derived data: it may be deleted
/// whenever no trial runs.
class PixelFile {
  public:
    /// Maps a file made by write(). Throws Error when it is not there, was made for another `key`, or its
    /// size is not what its header says.
    static std::shared_ptr<const PixelFile> open(const std::filesystem::path& path, const std::string& key);

    /// Decodes and preprocesses every image, and puts the file in place whole or not at all. `done(k)` is
    /// called after the first k images. Throws Error naming the image that is damaged.
    static void write(const std::filesystem::path& path, const std::string& key,
                      const datasets::Dataset& data, const datasets::Preprocessor& preprocessor,
                      const std::function<void(std::int64_t)>& done);

    /// False when the content is not what was written (a disk error, or somebody's hand). Reads everything.
    bool intact() const;

    std::int64_t images() const { return shape_[0]; }
    /// [images, channels, height, width]
    const Shape& shape() const { return shape_; }
    const std::vector<std::int32_t>& labels() const { return labels_; }

    /// Images first..first+count as [count, channels, height, width]; a view of `file`.
    static Tensor batch(const std::shared_ptr<const PixelFile>& file, std::int64_t first, std::int64_t count);

    /// Bytes of one image.
    std::int64_t image_bytes() const {
        return shape_.product(1, 4) * static_cast<std::int64_t>(sizeof(float));
    }

  private:
    explicit PixelFile(std::shared_ptr<const MappedFile> file) : file_(std::move(file)) {}
    void read_header(const std::string& key);

    std::shared_ptr<const MappedFile> file_;
    Shape shape_;
    std::vector<std::int32_t> labels_;
    std::string sha256_;
    std::size_t data_offset_ = 0;
};

}  // namespace espalier::lab
