#include "base/error.h"
#include "base/mapped_file.h"
#include "datasets/readers.h"

namespace espalier::datasets {
namespace {

constexpr int kEdge = 32;
constexpr std::size_t kPlane = kEdge * kEdge;
constexpr std::size_t kRecord = 1 + 3 * kPlane;

class Cifar10 final : public Dataset {
  public:
    Cifar10(std::shared_ptr<const MappedFile> file, std::vector<std::string> labels)
        : file_(std::move(file)), labels_(std::move(labels)) {}

    std::string format() const override { return "cifar10"; }
    std::int64_t size() const override { return static_cast<std::int64_t>(file_->bytes().size() / kRecord); }
    int label(std::int64_t index) const override { return std::to_integer<int>(record(index)[0]); }
    std::string name(std::int64_t index) const override {
        return fmt::format("{}#{}", file_->path().filename().string(), index);
    }
    const std::vector<std::string>& labels() const override { return labels_; }

    Sample sample(std::int64_t index) const override {
        Image image = Image::make(kEdge, kEdge, 3);
        const auto planes = record(index).subspan(1);
        for (std::size_t i = 0; i < kPlane; ++i) {
            for (std::size_t c = 0; c < 3; ++c) {
                image.pixels[3 * i + c] = std::to_integer<std::uint8_t>(planes[c * kPlane + i]);
            }
        }
        return {name(index), label(index), std::move(image)};
    }

  private:
    std::span<const std::byte> record(std::int64_t index) const {
        if (index < 0 || index >= size()) fail("{} has no image {}", file_->path().string(), index);
        return file_->bytes().subspan(static_cast<std::size_t>(index) * kRecord, kRecord);
    }

    std::shared_ptr<const MappedFile> file_;
    std::vector<std::string> labels_;
};

}  // namespace

std::unique_ptr<Dataset> open_cifar10(const std::filesystem::path& file,
                                      const std::vector<std::string>& labels) {
    auto mapped = MappedFile::open(file);
    const std::size_t bytes = mapped->bytes().size();
    if (bytes == 0) fail_usage("{} is empty: CIFAR-10 records were expected", file.string());
    if (bytes % kRecord != 0) {
        fail_usage("{} has {} bytes, which is no multiple of the {} bytes of a CIFAR-10 record",
                   file.string(), bytes, kRecord);
    }
    auto dataset = std::make_unique<Cifar10>(std::move(mapped), labels);
    for (std::int64_t i = 0; i < dataset->size(); ++i) {
        if (static_cast<std::size_t>(dataset->label(i)) >= labels.size()) {
            fail_usage("{}: image {} has class {}, but the model has only {} classes", file.string(), i,
                       dataset->label(i), labels.size());
        }
    }
    return dataset;
}

}  // namespace espalier::datasets
