#include "datasets/jpeg.h"

#include <turbojpeg.h>

#include <memory>
#include <string_view>
#include <type_traits>

#include "base/error.h"
#include "datasets/exif.h"

namespace espalier::datasets {
namespace {

/// No JPEG stream codes more pixels than this in a byte: an 8x8 block of a progressive stream needs at least
/// one bit; the rest is margin for arithmetic coding. A header that claims more is a decompression bomb.
constexpr std::int64_t kMaxPixelsPerByte = 4096;

struct DestroyHandle {
    void operator()(void* handle) const { tjDestroy(handle); }
};
using Handle = std::unique_ptr<void, DestroyHandle>;

struct Header {
    int width = 0;
    int height = 0;
    int colorspace = 0;
};

Header read_header(const Handle& handle, std::span<const std::byte> bytes, const std::string& name) {
    Header header;
    int subsampling = 0;
    const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
    const bool clean = tjDecompressHeader3(handle.get(), data, bytes.size(), &header.width, &header.height,
                                           &subsampling, &header.colorspace) == 0;
    // Warnings come again when the pixels are decoded, and are judged there.
    const bool warned = !clean && tjGetErrorCode(handle.get()) == TJERR_WARNING;
    if ((!clean && !warned) || header.width <= 0 || header.height <= 0) {
        fail("{} is not a readable JPEG image: {}", name, tjGetErrorStr2(handle.get()));
    }
    const std::int64_t pixels = std::int64_t{header.width} * header.height;
    if (pixels > kMaxPixels || pixels / kMaxPixelsPerByte > static_cast<std::int64_t>(bytes.size())) {
        fail("{} claims {} x {} pixels in {} bytes; it is damaged or a decompression bomb", name,
             header.width, header.height, bytes.size());
    }
    return header;
}

bool ends_with_end_of_image(std::span<const std::byte> bytes) {
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    const std::size_t scan = text.rfind("\xff\xda");
    return scan != std::string_view::npos && text.find("\xff\xd9", scan) != std::string_view::npos;
}

/// A warning means that the decoder made up for damage. Bytes to skip between segments do no harm to the
/// image.
bool harmless(std::string_view warning, std::span<const std::byte> bytes) {
    return warning.find("extraneous bytes before marker") != std::string_view::npos &&
           ends_with_end_of_image(bytes);
}

void decode_pixels(const Handle& handle, std::span<const std::byte> bytes, const std::string& name,
                   const Header& header, TJPF format, std::uint8_t* out) {
    const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
    if (tjDecompress2(handle.get(), data, bytes.size(), out, header.width, 0, header.height, format,
                      TJFLAG_ACCURATEDCT | TJFLAG_LIMITSCANS) == 0) {
        return;
    }
    const std::string problem = tjGetErrorStr2(handle.get());
    if (tjGetErrorCode(handle.get()) == TJERR_WARNING && harmless(problem, bytes)) return;
    fail("{} is a damaged JPEG image: {}", name, problem);
}

/// a * b / 255, rounded as Pillow rounds it.
unsigned scaled(unsigned a, unsigned b) {
    const unsigned t = a * b + 128;
    return ((t >> 8) + t) >> 8;
}

Image cmyk_to_rgb(const std::vector<std::uint8_t>& cmyk, int height, int width) {
    Image image = Image::make(height, width, 3);
    for (std::size_t i = 0; i < cmyk.size() / 4; ++i) {
        const unsigned light = cmyk[4 * i + 3];
        for (std::size_t c = 0; c < 3; ++c) {
            image.pixels[3 * i + c] =
                static_cast<std::uint8_t>(light - scaled(255u - cmyk[4 * i + c], light));
        }
    }
    return image;
}

}  // namespace

Image decode_jpeg(std::span<const std::byte> bytes, const std::string& name) {
    const Handle handle(tjInitDecompress());
    if (!handle) fail("{} cannot be decoded: {}", name, tjGetErrorStr2(nullptr));
    const Header header = read_header(handle, bytes, name);
    Image image;
    if (header.colorspace == TJCS_CMYK || header.colorspace == TJCS_YCCK) {
        std::vector<std::uint8_t> cmyk(static_cast<std::size_t>(header.width) *
                                       static_cast<std::size_t>(header.height) * 4);
        decode_pixels(handle, bytes, name, header, TJPF_CMYK, cmyk.data());
        image = cmyk_to_rgb(cmyk, header.height, header.width);
    } else {
        const bool grey = header.colorspace == TJCS_GRAY;
        image = Image::make(header.height, header.width, grey ? 1 : 3);
        decode_pixels(handle, bytes, name, header, grey ? TJPF_GRAY : TJPF_RGB, image.pixels.data());
    }
    return upright(std::move(image), jpeg_orientation(bytes));
}

}  // namespace espalier::datasets
