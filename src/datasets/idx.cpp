#include <algorithm>

#include "base/error.h"
#include "base/mapped_file.h"
#include "datasets/readers.h"

namespace espalier::datasets {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kImageMagic = 0x0803;
constexpr std::uint32_t kLabelMagic = 0x0801;
constexpr std::size_t kImageHeader = 16;
constexpr std::size_t kLabelHeader = 8;

std::uint32_t big_endian(std::span<const std::byte> bytes, std::size_t offset) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i)
        value = value << 8 | std::to_integer<std::uint32_t>(bytes[offset + i]);
    return value;
}

std::shared_ptr<const MappedFile> open_with_magic(const fs::path& path, std::uint32_t magic,
                                                  std::size_t header) {
    auto file = MappedFile::open(path);
    if (file->bytes().size() < header || big_endian(file->bytes(), 0) != magic) {
        fail_usage("{} is not an IDX file with magic {:#010x} (a .gz file must be unpacked first)",
                   path.string(), magic);
    }
    return file;
}

class Idx final : public Dataset {
  public:
    Idx(std::shared_ptr<const MappedFile> images, std::shared_ptr<const MappedFile> classes,
        std::vector<std::string> labels)
        : images_(std::move(images)),
          classes_(std::move(classes)),
          labels_(std::move(labels)),
          count_(big_endian(images_->bytes(), 4)),
          height_(big_endian(images_->bytes(), 8)),
          width_(big_endian(images_->bytes(), 12)) {
        check();
    }

    std::string format() const override { return "idx"; }
    std::int64_t size() const override { return count_; }
    int label(std::int64_t index) const override {
        return std::to_integer<int>(classes_->bytes()[kLabelHeader + checked(index)]);
    }
    std::string name(std::int64_t index) const override {
        return fmt::format("{}#{}", images_->path().filename().string(), index);
    }
    const std::vector<std::string>& labels() const override { return labels_; }

    Sample sample(std::int64_t index) const override {
        Image image = Image::make(static_cast<int>(height_), static_cast<int>(width_), 1);
        const auto bytes = images_->bytes().subspan(kImageHeader + checked(index) * image.pixels.size(),
                                                    image.pixels.size());
        std::ranges::transform(bytes, image.pixels.begin(),
                               [](std::byte b) { return std::to_integer<std::uint8_t>(b); });
        return {name(index), label(index), std::move(image)};
    }

  private:
    void check() const {
        const std::string name = images_->path().string();
        if (count_ == 0 || height_ == 0 || width_ == 0) fail_usage("{} holds no image", name);
        const std::uint64_t pixels = std::uint64_t{height_} * width_;
        const std::uint64_t held = images_->bytes().size() - kImageHeader;
        if (pixels > static_cast<std::uint64_t>(kMaxPixels) || held / pixels != count_ ||
            held % pixels != 0) {
            fail_usage("{} promises {} images of {} x {} bytes, but {} bytes follow its header", name, count_,
                       width_, height_, held);
        }
        const std::size_t classes = classes_->bytes().size() - kLabelHeader;
        if (big_endian(classes_->bytes(), 4) != count_ || classes != count_) {
            fail_usage("{} holds {} labels (its header says {}), but there are {} images",
                       classes_->path().string(), classes, big_endian(classes_->bytes(), 4), count_);
        }
        for (std::int64_t i = 0; i < count_; ++i) {
            if (static_cast<std::size_t>(label(i)) < labels_.size()) continue;
            fail_usage("{}: image {} has class {}, but the model has only {} classes",
                       classes_->path().string(), i, label(i), labels_.size());
        }
    }

    std::size_t checked(std::int64_t index) const {
        if (index < 0 || index >= count_) fail("{} has no image {}", images_->path().string(), index);
        return static_cast<std::size_t>(index);
    }

    std::shared_ptr<const MappedFile> images_;
    std::shared_ptr<const MappedFile> classes_;
    std::vector<std::string> labels_;
    std::uint32_t count_;
    std::uint32_t height_;
    std::uint32_t width_;
};

std::string replaced(std::string text, std::string_view from, std::string_view to) {
    const std::size_t at = text.rfind(from);
    return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

}  // namespace

std::unique_ptr<Dataset> open_idx(const fs::path& images, const std::vector<std::string>& labels) {
    const fs::path classes =
        images.parent_path() /
        replaced(replaced(images.filename().string(), "images", "labels"), "idx3", "idx1");
    std::error_code ignored;
    if (classes == images || !fs::exists(classes, ignored)) {
        fail_usage(
            "{} has no label file beside it; {} was expected", images.string(),
            classes == images ? "a pair such as images-idx3-ubyte and labels-idx1-ubyte" : classes.string());
    }
    return std::make_unique<Idx>(open_with_magic(images, kImageMagic, kImageHeader),
                                 open_with_magic(classes, kLabelMagic, kLabelHeader), labels);
}

}  // namespace espalier::datasets
