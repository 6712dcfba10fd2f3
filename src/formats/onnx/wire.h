#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace espalier::formats::onnx {

/// Walks the fields of one protocol-buffer message (protobuf.dev/programming-guides/encoding) without
/// copying. Every method throws Error naming the source when the bytes end early or a field has another type
/// than asked for.
class WireReader {
  public:
    WireReader(std::span<const std::byte> bytes, const std::string& source)
        : rest_(bytes), source_(&source) {}

    /// Steps to the next field; false at the end of the message.
    bool next();
    int field() const { return field_; }

    std::int64_t integer() const;
    float f32() const;
    std::span<const std::byte> bytes() const;
    /// Text of at most 64 KiB in valid UTF-8.
    std::string text() const;
    /// The field as a message of its own.
    WireReader message() const { return {bytes(), *source_}; }

    /// Appends the numbers of a repeated field, packed or one at a time, up to `limit` in all.
    void append_integers(std::vector<std::int64_t>& to, std::size_t limit) const;
    void append_floats(std::vector<float>& to, std::size_t limit) const;

    const std::string& source() const { return *source_; }

  private:
    enum class Type { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

    void expect(Type type, const char* what) const;
    std::uint64_t take_varint();
    std::span<const std::byte> take(std::uint64_t count);

    std::span<const std::byte> rest_;
    const std::string* source_;
    int field_ = 0;
    Type type_ = Type::kVarint;
    std::uint64_t varint_ = 0;
    std::span<const std::byte> bytes_;
};

/// Splits packed varints. Throws Error naming `source` when the last one is cut off or there are more than
/// `limit`.
std::vector<std::int64_t> unpack_varints(std::span<const std::byte> packed, std::size_t limit,
                                         const std::string& source);

}  // namespace espalier::formats::onnx
