#include "lab/pixels.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>

#include "base/cpu_features.h"
#include "base/error.h"
#include "base/file.h"
#include "base/thread_pool.h"

namespace espalier::lab {
namespace {

constexpr std::array<char, 8> kMagic = {'E', 'S', 'P', 'P', 'I', 'X', '0', '1'};
/// Pixel data begins at a page, so that tensors over it are aligned.
constexpr std::size_t kPage = 4096;
constexpr std::int64_t kMaxImages = 1'000'000'000;

struct Header {
    std::array<char, 8> magic = kMagic;
    std::array<char, 64> key{};
    std::array<char, 64> sha256{};  ///< of labels and pixels
    std::int64_t images = 0;
    std::int64_t channels = 0;
    std::int64_t height = 0;
    std::int64_t width = 0;
};

std::size_t data_offset(std::int64_t images) {
    const std::size_t used = sizeof(Header) + static_cast<std::size_t>(images) * sizeof(std::int32_t);
    return (used + kPage - 1) / kPage * kPage;
}

std::span<const std::byte> after_header(const MappedFile& file) {
    return file.bytes().subspan(sizeof(Header));
}

template <typename T>
void put(std::ofstream& file, const T* values, std::size_t count) {
    file.write(reinterpret_cast<const char*>(values), static_cast<std::streamsize>(count * sizeof(T)));
}

std::array<char, 64> digits(const std::string& sha256) {
    std::array<char, 64> text{};
    std::copy_n(sha256.begin(), std::min(sha256.size(), text.size()), text.begin());
    return text;
}

/// A file that is removed again unless it was put in its place.
class Temporary {
  public:
    explicit Temporary(const std::filesystem::path& target)
        : target_(target), path_(target.string() + ".partial." + std::to_string(::getpid())) {}
    ~Temporary() {
        std::error_code ignored;
        std::filesystem::remove(path_, ignored);
    }
    const std::filesystem::path& path() const { return path_; }
    void put_in_place() const { std::filesystem::rename(path_, target_); }

  private:
    std::filesystem::path target_;
    std::filesystem::path path_;
};

/// Images decoded at a time: enough for every thread, few enough to stay small in memory.
constexpr std::int64_t kChunk = 64;

void write_images(std::ofstream& file, const datasets::Dataset& data,
                  const datasets::Preprocessor& preprocessor, const std::function<void(std::int64_t)>& done) {
    ThreadPool pool(usable_cpus());
    const auto image = static_cast<std::size_t>(preprocessor.shape().elements());
    std::vector<float> values(image * static_cast<std::size_t>(std::min(kChunk, data.size())));
    for (std::int64_t first = 0; first < data.size() && file; first += kChunk) {
        const std::int64_t count = std::min(kChunk, data.size() - first);
        pool.parallel_for(count, 1, [&](std::int64_t begin, std::int64_t end, int) {
            for (std::int64_t i = begin; i < end; ++i) {
                const std::span<float> out(values.data() + static_cast<std::size_t>(i) * image, image);
                preprocessor.run(datasets::decode(data.sample(first + i)), out);
            }
        });
        put(file, values.data(), static_cast<std::size_t>(count) * image);
        done(first + count);
    }
}

}  // namespace

void PixelFile::write(const std::filesystem::path& path, const std::string& key,
                      const datasets::Dataset& data, const datasets::Preprocessor& preprocessor,
                      const std::function<void(std::int64_t)>& done) {
    std::error_code problem;
    std::filesystem::create_directories(path.parent_path(), problem);
    const Temporary temporary(path);
    std::ofstream file(temporary.path(), std::ios::binary);
    const Shape shape = preprocessor.shape();
    Header header;
    header.key = digits(key);
    header.images = data.size();
    header.channels = shape[0];
    header.height = shape[1];
    header.width = shape[2];
    put(file, &header, 1);
    std::vector<std::int32_t> labels;
    for (std::int64_t i = 0; i < data.size(); ++i) labels.push_back(data.label(i));
    put(file, labels.data(), labels.size());
    const std::vector<char> padding(data_offset(data.size()) - sizeof(Header) -
                                    labels.size() * sizeof(std::int32_t));
    put(file, padding.data(), padding.size());
    write_images(file, data, preprocessor, done);
    file.flush();
    if (!file)
        fail("cannot write the preprocessed images to {}; is there space and the right to?", path.string());
    header.sha256 = digits(sha256(after_header(*MappedFile::open(temporary.path()))));
    file.seekp(0);
    put(file, &header, 1);
    file.close();
    if (!file) fail("cannot write the preprocessed images to {}", path.string());
    temporary.put_in_place();
}

std::shared_ptr<const PixelFile> PixelFile::open(const std::filesystem::path& path, const std::string& key) {
    std::shared_ptr<PixelFile> file(new PixelFile(MappedFile::open(path)));
    file->read_header(key);
    return file;
}

void PixelFile::read_header(const std::string& key) {
    const auto bytes = file_->bytes();
    const std::string name = file_->path().string();
    Header header;
    if (bytes.size() < sizeof header) fail("{} holds no preprocessed images; delete it and run again", name);
    std::memcpy(&header, bytes.data(), sizeof header);
    if (header.magic != kMagic || header.key != digits(key)) {
        fail("{} holds the preprocessed images of something else; delete it and run again", name);
    }
    if (header.images < 1 || header.images > kMaxImages) fail("{} is damaged; delete it and run again", name);
    shape_ = Shape({header.images, header.channels, header.height, header.width});
    data_offset_ = data_offset(header.images);
    const std::size_t wanted = data_offset_ + static_cast<std::size_t>(shape_.elements()) * sizeof(float);
    if (bytes.size() != wanted) {
        fail("{} is {} bytes long, not {}; delete it and run again", name, bytes.size(), wanted);
    }
    labels_.resize(static_cast<std::size_t>(header.images));
    std::memcpy(labels_.data(), bytes.data() + sizeof header, labels_.size() * sizeof(std::int32_t));
    sha256_.assign(header.sha256.begin(), header.sha256.end());
}

bool PixelFile::intact() const { return sha256(after_header(*file_)) == sha256_; }

Tensor PixelFile::batch(const std::shared_ptr<const PixelFile>& file, std::int64_t first,
                        std::int64_t count) {
    const auto image = static_cast<std::size_t>(file->image_bytes());
    const auto bytes =
        file->file_->bytes().subspan(file->data_offset_ + static_cast<std::size_t>(first) * image,
                                     static_cast<std::size_t>(count) * image);
    return Tensor::view(DType::kF32, file->shape_.with(0, count), bytes, file);
}

}  // namespace espalier::lab
