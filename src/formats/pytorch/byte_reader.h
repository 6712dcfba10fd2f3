#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"

namespace espalier::formats::pytorch {

/// Reads little-endian numbers and text from front to back. Throws Error naming `source` when the bytes end.
class ByteReader {
  public:
    /// `source` must outlive the reader.
    ByteReader(std::span<const std::byte> bytes, const std::string& source, std::size_t at = 0)
        : bytes_(bytes), source_(source), at_(at) {}

    std::uint64_t number(std::size_t width) {
        std::uint64_t value = 0;
        const auto bytes = take(width);
        for (std::size_t i = 0; i < width; ++i) value |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * i);
        return value;
    }
    std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
    std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }

    std::string_view text(std::uint64_t size) {
        const auto bytes = take(size);
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }
    /// Text up to the next line feed, which is taken too.
    std::string_view line() {
        const std::string_view rest{reinterpret_cast<const char*>(bytes_.data()) + at_, left()};
        const std::size_t length = rest.find('\n');
        if (length == std::string_view::npos) fail("{}: a line has no end", source_);
        return text(length + 1).substr(0, length);
    }
    void skip(std::uint64_t size) { take(size); }

    std::size_t at() const { return at_; }
    std::size_t left() const { return bytes_.size() - at_; }

  private:
    std::span<const std::byte> take(std::uint64_t size) {
        if (at_ > bytes_.size() || size > bytes_.size() - at_) {
            fail("{} is cut short: {} bytes were expected at byte {} of {}", source_, size, at_,
                 bytes_.size());
        }
        const auto part = bytes_.subspan(at_, static_cast<std::size_t>(size));
        at_ += part.size();
        return part;
    }

    std::span<const std::byte> bytes_;
    const std::string& source_;
    std::size_t at_;
};

}  // namespace espalier::formats::pytorch
