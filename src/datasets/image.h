#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace espalier::datasets {

/// An 8-bit image, interleaved: pixels[(y * width + x) * channels + c], channels 1 (grey) or 3 (RGB).
struct Image {
    int height = 0;
    int width = 0;
    int channels = 0;
    std::vector<std::uint8_t> pixels;

    /// An image of zeros. Throws Error for an empty, oversized (kMaxPixels) or unknown layout.
    static Image make(int height, int width, int channels);

    const std::uint8_t* row(int y) const { return pixels.data() + offset(y); }
    std::uint8_t* row(int y) { return pixels.data() + offset(y); }

  private:
    std::size_t offset(int y) const {
        return static_cast<std::size_t>(y) * static_cast<std::size_t>(width) *
               static_cast<std::size_t>(channels);
    }
};

/// No image may have more pixels than this, whatever its header says.
inline constexpr std::int64_t kMaxPixels = std::int64_t{1} << 28;

/// Decodes JPEG or PNG, told apart by their first bytes, and turns it upright as its EXIF orientation says.
/// Grey files give 1 channel, all others 3; alpha is dropped, as Pillow's convert("RGB") does.
/// Throws Error naming `name` when the data is truncated, corrupt, too large or of another format.
Image decode_image(std::span<const std::byte> bytes, const std::string& name);

/// decode_image() of a file's content.
Image load_image(const std::filesystem::path& path);

/// The image with 1 or 3 channels: grey is repeated; colour becomes luma as Pillow's convert("L") computes
/// it, (19595 R + 38470 G + 7471 B + 32768) >> 16.
Image with_channels(Image image, int channels);

/// The image turned and mirrored upright for an EXIF orientation 1..8 (TIFF 6.0, tag 274); others change
/// nothing.
Image upright(Image image, int orientation);

}  // namespace espalier::datasets
