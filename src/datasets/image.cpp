#include "datasets/image.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/error.h"
#include "base/mapped_file.h"
#include "datasets/jpeg.h"
#include "datasets/png.h"

namespace espalier::datasets {
namespace {

bool starts_with(std::span<const std::byte> bytes, std::span<const unsigned char> magic) {
    return bytes.size() >= magic.size() && std::memcmp(bytes.data(), magic.data(), magic.size()) == 0;
}

Image grey_to_rgb(const Image& image) {
    Image result = Image::make(image.height, image.width, 3);
    for (std::size_t i = 0; i < image.pixels.size(); ++i) {
        result.pixels[3 * i] = result.pixels[3 * i + 1] = result.pixels[3 * i + 2] = image.pixels[i];
    }
    return result;
}

Image rgb_to_grey(const Image& image) {
    Image result = Image::make(image.height, image.width, 1);
    for (std::size_t i = 0; i < result.pixels.size(); ++i) {
        const std::uint8_t* p = image.pixels.data() + 3 * i;
        result.pixels[i] =
            static_cast<std::uint8_t>((19595u * p[0] + 38470u * p[1] + 7471u * p[2] + 32768u) >> 16);
    }
    return result;
}

/// Where the pixel at (y, x) of the upright image lies in the stored one: base + y * down + x * right, in
/// pixels.
struct Walk {
    std::ptrdiff_t base;
    std::ptrdiff_t down;
    std::ptrdiff_t right;
};

Walk walk_of(int orientation, std::ptrdiff_t height, std::ptrdiff_t width) {
    const std::ptrdiff_t last_row = (height - 1) * width;
    const std::ptrdiff_t last_column = width - 1;
    switch (orientation) {
        case 2:
            return {last_column, width, -1};
        case 3:
            return {last_row + last_column, -width, -1};
        case 4:
            return {last_row, -width, 1};
        case 5:
            return {0, 1, width};
        case 6:
            return {last_row, 1, -width};
        case 7:
            return {last_row + last_column, -1, -width};
        case 8:
            return {last_column, -1, width};
        default:
            return {0, width, 1};
    }
}

}  // namespace

Image Image::make(int height, int width, int channels) {
    if (height <= 0 || width <= 0 || (channels != 1 && channels != 3)) {
        fail("an image of {} x {} pixels with {} channels cannot be held: 1 or 3 channels are expected",
             width, height, channels);
    }
    const std::int64_t count = std::int64_t{height} * width;
    if (count > kMaxPixels) {
        fail("an image of {} x {} pixels is larger than the {} pixels that are accepted", width, height,
             kMaxPixels);
    }
    return {height, width, channels, std::vector<std::uint8_t>(static_cast<std::size_t>(count * channels))};
}

Image decode_image(std::span<const std::byte> bytes, const std::string& name) {
    constexpr std::array<unsigned char, 3> kJpeg{0xff, 0xd8, 0xff};
    constexpr std::array<unsigned char, 8> kPng{0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    if (bytes.empty()) fail("{} is empty: a JPEG or PNG image was expected", name);
    if (starts_with(bytes, kJpeg)) return decode_jpeg(bytes, name);
    if (starts_with(bytes, kPng)) return decode_png(bytes, name);
    fail("{} is neither a JPEG nor a PNG image; convert it to one of them", name);
}

Image load_image(const std::filesystem::path& path) {
    return decode_image(MappedFile::open(path)->bytes(), path.string());
}

Image with_channels(Image image, int channels) {
    if (image.channels == channels) return image;
    if (channels == 3) return grey_to_rgb(image);
    if (channels == 1) return rgb_to_grey(image);
    fail("an image cannot be given {} channels: 1 or 3 are expected", channels);
}

Image upright(Image image, int orientation) {
    if (orientation < 2 || orientation > 8) return image;
    const bool turned = orientation >= 5;
    Image result =
        Image::make(turned ? image.width : image.height, turned ? image.height : image.width, image.channels);
    const Walk walk = walk_of(orientation, image.height, image.width);
    std::uint8_t* out = result.pixels.data();
    for (int y = 0; y < result.height; ++y) {
        for (int x = 0; x < result.width; ++x) {
            const std::ptrdiff_t from = (walk.base + y * walk.down + x * walk.right) * image.channels;
            out = std::copy_n(image.pixels.data() + from, image.channels, out);
        }
    }
    return result;
}

}  // namespace espalier::datasets
