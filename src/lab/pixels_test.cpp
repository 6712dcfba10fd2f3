#include "lab/pixels.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/error.h"

namespace espalier::lab {
namespace {

/// Grey images of 2 x 3 pixels, image i filled with the value i; image `broken_` cannot be read.
class FakeImages final : public datasets::Dataset {
  public:
    explicit FakeImages(std::int64_t size, std::int64_t broken = -1) : size_(size), broken_(broken) {}
    std::string format() const override { return "fake"; }
    std::int64_t size() const override { return size_; }
    int label(std::int64_t index) const override { return static_cast<int>(index % 7); }
    std::string name(std::int64_t index) const override { return std::to_string(index); }
    datasets::Sample sample(std::int64_t index) const override {
        if (index == broken_) fail("image {} is damaged", index);
        datasets::Image image = datasets::Image::make(2, 3, 1);
        std::fill(image.pixels.begin(), image.pixels.end(), static_cast<std::uint8_t>(index));
        return {name(index), label(index), image};
    }
    const std::vector<std::string>& labels() const override { return labels_; }

  private:
    std::int64_t size_;
    std::int64_t broken_;
    std::vector<std::string> labels_;
};

class Pixels : public testing::Test {
  protected:
    void SetUp() override {
        folder_ = std::filesystem::path(testing::TempDir()) / ("pixels-test-" + std::to_string(::getpid()));
        std::filesystem::remove_all(folder_);
        path_ = folder_ / "images.pixels";
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    void write(const FakeImages& images) {
        const datasets::Preprocessor preprocessor({}, 1, 2, 3);
        PixelFile::write(path_, std::string(64, 'k'), images, preprocessor,
                         [&](std::int64_t k) { done_ = k; });
    }
    std::shared_ptr<const PixelFile> open() { return PixelFile::open(path_, std::string(64, 'k')); }

    std::filesystem::path folder_;
    std::filesystem::path path_;
    std::int64_t done_ = 0;
};

TEST_F(Pixels, HoldEveryImageInOrder) {
    write(FakeImages(200));
    EXPECT_EQ(done_, 200);
    const auto file = open();
    EXPECT_TRUE(file->intact());
    EXPECT_EQ(file->shape(), Shape({200, 1, 2, 3}));
    EXPECT_EQ(file->labels().at(8), 1);
    const Tensor batch = PixelFile::batch(file, 150, 3);
    EXPECT_EQ(batch.shape(), Shape({3, 1, 2, 3}));
    EXPECT_TRUE(batch.aligned());
    EXPECT_EQ(batch.span<float>()[0], 150.0F);
    EXPECT_EQ(batch.span<float>()[17], 152.0F);
}

TEST_F(Pixels, AreThereWholeOrNotAtAll) {
    EXPECT_THROW(write(FakeImages(200, 150)), Error);
    EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(Pixels, OfSomethingElseAreRefused) {
    write(FakeImages(5));
    EXPECT_THROW(PixelFile::open(path_, "another key"), Error);
    EXPECT_THROW(PixelFile::open(folder_ / "absent", "k"), Error);
}

TEST_F(Pixels, NoticeDamage) {
    write(FakeImages(5));
    {
        std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(-1, std::ios::end);
        file.put('\x7f');
    }
    EXPECT_FALSE(open()->intact());
    std::filesystem::resize_file(path_, std::filesystem::file_size(path_) - 1);
    EXPECT_THROW(open(), Error);
    std::filesystem::resize_file(path_, 10);
    EXPECT_THROW(open(), Error);
    std::ofstream(path_) << std::string(10'000, 'x');
    EXPECT_THROW(open(), Error);
}

}  // namespace
}  // namespace espalier::lab
