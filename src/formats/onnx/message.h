#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace espalier::formats::onnx {

/// A protocol-buffer message under construction (protobuf.dev/programming-guides/encoding), the counterpart
/// of WireReader. Fields are written in the order of the calls.
class Message {
  public:
    Message& integer(int field, std::int64_t value);
    Message& f32(int field, float value);
    Message& text(int field, std::string_view value);
    Message& message(int field, const Message& value);
    /// Bytes that are not copied: they must outlive the message and everything it becomes part of.
    Message& borrowed(int field, std::span<const std::byte> value);

    std::size_t size() const;
    /// The message as spans of memory to be written one behind the other.
    std::vector<std::span<const std::byte>> pieces() const;
    /// The message in one piece.
    std::string bytes() const;

  private:
    struct Borrowed {
        std::size_t at;  ///< the place in own_ before which the bytes stand
        std::span<const std::byte> value;
    };

    void tag(int field, int wire_type);
    void varint(std::uint64_t value);

    std::string own_;
    std::vector<Borrowed> borrowed_;
};

}  // namespace espalier::formats::onnx
