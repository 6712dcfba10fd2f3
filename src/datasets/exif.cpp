#include "datasets/exif.h"

#include <cstdint>
#include <cstring>

namespace espalier::datasets {
namespace {

constexpr char kPrefix[] = {'E', 'x', 'i', 'f', 0, 0};

bool has_prefix(std::span<const std::byte> bytes) {
    return bytes.size() >= sizeof kPrefix && std::memcmp(bytes.data(), kPrefix, sizeof kPrefix) == 0;
}

/// Unsigned integers at an offset of a TIFF block; 0 beyond its end.
class TiffBlock {
  public:
    explicit TiffBlock(std::span<const std::byte> bytes) : bytes_(bytes) {
        little_endian_ = bytes.size() >= 2 && bytes[0] == std::byte{'I'};
    }

    bool valid() const {
        if (bytes_.size() < 8 || bytes_[0] != bytes_[1]) return false;
        return (bytes_[0] == std::byte{'I'} || bytes_[0] == std::byte{'M'}) && number(2, 2) == 42;
    }

    std::uint32_t number(std::size_t offset, std::size_t length) const {
        if (offset > bytes_.size() || bytes_.size() - offset < length) return 0;
        std::uint32_t value = 0;
        for (std::size_t i = 0; i < length; ++i) {
            const std::size_t at = little_endian_ ? offset + length - 1 - i : offset + i;
            value = value << 8 | std::to_integer<std::uint32_t>(bytes_[at]);
        }
        return value;
    }

  private:
    std::span<const std::byte> bytes_;
    bool little_endian_;
};

}  // namespace

int exif_orientation(std::span<const std::byte> exif) {
    constexpr std::uint32_t kOrientationTag = 274;
    constexpr std::uint32_t kShort = 3;
    constexpr std::size_t kEntryBytes = 12;
    if (has_prefix(exif)) exif = exif.subspan(sizeof kPrefix);
    const TiffBlock tiff(exif);
    if (!tiff.valid()) return 1;
    const std::size_t directory = tiff.number(4, 4);
    const std::uint32_t entries = tiff.number(directory, 2);
    for (std::uint32_t i = 0; i < entries; ++i) {
        const std::size_t entry = directory + 2 + i * kEntryBytes;
        if (entry + kEntryBytes > exif.size()) return 1;
        if (tiff.number(entry, 2) != kOrientationTag) continue;
        if (tiff.number(entry + 2, 2) != kShort) return 1;
        return static_cast<int>(tiff.number(entry + 8, 2));
    }
    return 1;
}

int jpeg_orientation(std::span<const std::byte> jpeg) {
    std::size_t at = 2;
    while (at + 4 <= jpeg.size() && jpeg[at] == std::byte{0xff}) {
        const auto marker = std::to_integer<unsigned>(jpeg[at + 1]);
        constexpr unsigned kFill = 0xff, kApp1 = 0xe1, kStartOfScan = 0xda;
        if (marker == kFill) {
            ++at;
            continue;
        }
        if (marker == kStartOfScan) return 1;
        const std::size_t length =
            std::to_integer<std::size_t>(jpeg[at + 2]) << 8 | std::to_integer<std::size_t>(jpeg[at + 3]);
        if (length < 2 || length > jpeg.size() - at - 2) return 1;
        const auto segment = jpeg.subspan(at + 4, length - 2);
        if (marker == kApp1 && has_prefix(segment)) return exif_orientation(segment);
        at += 2 + length;
    }
    return 1;
}

}  // namespace espalier::datasets
