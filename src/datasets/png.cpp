#include "datasets/png.h"

#include <png.h>

#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <cstring>

#include "base/error.h"
#include "datasets/exif.h"

// libpng reports errors by longjmp. Every setjmp stands in a function of its own whose locals are all
// trivially destructible, and nothing else is on the stack between it and libpng, so that no destructor is
// ever skipped.

namespace espalier::datasets {
namespace {

/// Deflate expands at most 1032 times (RFC 1951: 258 bytes for 2 bits).
constexpr std::int64_t kMaxExpansion = 1032;

/// What libpng's callbacks share with the decoder.
struct Stream {
    const std::byte* data;
    std::size_t size;
    std::size_t at;
    char problem[160];
};

struct Header {
    png_uint_32 width;
    png_uint_32 height;
    int depth;
    int color;
};

void read_bytes(png_structp png, png_bytep out, std::size_t count) {
    auto* stream = static_cast<Stream*>(png_get_io_ptr(png));
    if (count > stream->size - stream->at) png_error(png, "the file ends too early");
    std::memcpy(out, stream->data + stream->at, count);
    stream->at += count;
}

void on_error(png_structp png, png_const_charp message) {
    auto* stream = static_cast<Stream*>(png_get_error_ptr(png));
    std::snprintf(stream->problem, sizeof stream->problem, "%s", message);
    png_longjmp(png, 1);
}

void on_warning(png_structp, png_const_charp) {}

/// Owns the two structures of one libpng reader.
class Reader {
  public:
    explicit Reader(Stream& stream)
        : png_(png_create_read_struct(PNG_LIBPNG_VER_STRING, &stream, on_error, on_warning)),
          info_(png_ ? png_create_info_struct(png_) : nullptr) {
        if (!info_) {
            png_destroy_read_struct(&png_, &info_, nullptr);
            fail("not enough memory to decode a PNG image");
        }
        png_set_read_fn(png_, &stream, read_bytes);
    }
    ~Reader() { png_destroy_read_struct(&png_, &info_, nullptr); }
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

    png_structp png() const { return png_; }
    png_infop info() const { return info_; }

  private:
    png_structp png_;
    png_infop info_;
};

/// Reads up to the first pixel; false on error.
bool read_header(png_structp png, png_infop info, Header* header) {
    if (setjmp(png_jmpbuf(png))) return false;
    png_read_info(png, info);
    png_get_IHDR(png, info, &header->width, &header->height, &header->depth, &header->color, nullptr, nullptr,
                 nullptr);
    return true;
}

/// Grey samples of 16 bits, which are kept until they are clipped.
bool is_deep_grey(const Header& header) { return header.depth == 16 && header.color == PNG_COLOR_TYPE_GRAY; }

/// Asks for 8-bit grey or RGB, or 16-bit grey; false on error, or when the rows would not have `row_bytes`.
bool configure(png_structp png, png_infop info, const Header* header, std::size_t row_bytes) {
    if (setjmp(png_jmpbuf(png))) return false;
    if (header->depth == 16 && !is_deep_grey(*header)) png_set_strip_16(png);
    if (header->color == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png);
    if (header->color == PNG_COLOR_TYPE_GRAY && header->depth < 8) png_set_expand_gray_1_2_4_to_8(png);
    png_set_strip_alpha(png);
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
    if (png_get_rowbytes(png, info) != row_bytes) png_error(png, "unexpected row layout");
    return true;
}

bool read_rows(png_structp png, png_bytep* rows) {
    if (setjmp(png_jmpbuf(png))) return false;
    png_read_image(png, rows);
    png_read_end(png, nullptr);
    return true;
}

int orientation_of(png_structp png, png_infop info) {
    png_uint_32 size = 0;
    png_bytep exif = nullptr;
    if (png_get_eXIf_1(png, info, &size, &exif) == 0) return 1;
    return exif_orientation({reinterpret_cast<const std::byte*>(exif), size});
}

void check(const Header& header, std::size_t size, const std::string& name) {
    const std::int64_t pixels = std::int64_t{header.width} * header.height;
    const std::int64_t bits = pixels * header.depth;
    if (pixels > kMaxPixels || bits / 8 / kMaxExpansion > static_cast<std::int64_t>(size)) {
        fail("{} claims {} x {} pixels in {} bytes; it is damaged or a decompression bomb", name,
             header.width, header.height, size);
    }
}

/// Pillow converts 16-bit grey (mode I;16) to RGB by clipping at 255, where it takes the high byte of every
/// other kind of 16-bit sample; the models' reference processors do as Pillow does.
Image clipped(const std::vector<std::uint8_t>& big_endian, int height, int width) {
    Image image = Image::make(height, width, 1);
    for (std::size_t i = 0; i < image.pixels.size(); ++i) {
        image.pixels[i] = big_endian[2 * i] > 0 ? 255 : big_endian[2 * i + 1];
    }
    return image;
}

}  // namespace

Image decode_png(std::span<const std::byte> bytes, const std::string& name) {
    Stream stream{bytes.data(), bytes.size(), 0, {}};
    const Reader reader(stream);
    Header header{};
    if (!read_header(reader.png(), reader.info(), &header))
        fail("{} is not a readable PNG image: {}", name, stream.problem);
    check(header, bytes.size(), name);

    const bool grey = (header.color & PNG_COLOR_MASK_COLOR) == 0;
    const auto height = static_cast<int>(header.height);
    const auto width = static_cast<int>(header.width);
    const bool deep = is_deep_grey(header);
    Image image = Image::make(height, width, grey ? 1 : 3);
    std::vector<std::uint8_t> samples(deep ? 2 * image.pixels.size() : 0);
    std::uint8_t* first = deep ? samples.data() : image.pixels.data();
    const std::size_t row_bytes = (deep ? samples : image.pixels).size() / header.height;
    std::vector<png_bytep> rows(header.height);
    for (std::size_t y = 0; y < rows.size(); ++y) rows[y] = first + y * row_bytes;
    if (!configure(reader.png(), reader.info(), &header, row_bytes) ||
        !read_rows(reader.png(), rows.data())) {
        fail("{} is a damaged PNG image: {}", name, stream.problem);
    }
    if (deep) image = clipped(samples, height, width);
    return upright(std::move(image), orientation_of(reader.png(), reader.info()));
}

}  // namespace espalier::datasets
