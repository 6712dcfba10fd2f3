#include "formats/onnx/message.h"

namespace espalier::formats::onnx {
namespace {

/// The wire types that are written.
enum { kVarint = 0, kBytes = 2, kFixed32 = 5 };

}  // namespace

void Message::varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) own_ += static_cast<char>(value | 0x80);
    own_ += static_cast<char>(value);
}

void Message::tag(int field, int wire_type) {
    varint(static_cast<std::uint64_t>(field) << 3 | static_cast<std::uint64_t>(wire_type));
}

Message& Message::integer(int field, std::int64_t value) {
    tag(field, kVarint);
    varint(static_cast<std::uint64_t>(value));
    return *this;
}

Message& Message::f32(int field, float value) {
    tag(field, kFixed32);
    own_.append(reinterpret_cast<const char*>(&value), sizeof(value));
    return *this;
}

Message& Message::text(int field, std::string_view value) {
    tag(field, kBytes);
    varint(value.size());
    own_ += value;
    return *this;
}

Message& Message::message(int field, const Message& value) {
    tag(field, kBytes);
    varint(value.size());
    for (const Borrowed& part : value.borrowed_) borrowed_.push_back({own_.size() + part.at, part.value});
    own_ += value.own_;
    return *this;
}

Message& Message::borrowed(int field, std::span<const std::byte> value) {
    tag(field, kBytes);
    varint(value.size());
    borrowed_.push_back({own_.size(), value});
    return *this;
}

std::size_t Message::size() const {
    std::size_t size = own_.size();
    for (const Borrowed& part : borrowed_) size += part.value.size();
    return size;
}

std::vector<std::span<const std::byte>> Message::pieces() const {
    const auto own = std::as_bytes(std::span(own_));
    std::vector<std::span<const std::byte>> pieces;
    std::size_t done = 0;
    for (const Borrowed& part : borrowed_) {
        pieces.push_back(own.subspan(done, part.at - done));
        pieces.push_back(part.value);
        done = part.at;
    }
    pieces.push_back(own.subspan(done));
    return pieces;
}

std::string Message::bytes() const {
    std::string joined;
    for (const auto& piece : pieces())
        joined.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    return joined;
}

}  // namespace espalier::formats::onnx
