#include "formats/onnx/wire.h"

#include <cstring>

#include "base/error.h"

namespace espalier::formats::onnx {
namespace {

[[noreturn]] void cut_short(const std::string& source) {
    fail("{} is not a valid ONNX file: a field is cut short or malformed", source);
}

/// RFC 3629: lengths and continuation bytes; overlong forms and surrogates are let through, as nothing
/// decodes them.
bool is_utf8(std::span<const std::byte> bytes) {
    std::size_t expected = 0;
    for (const std::byte byte : bytes) {
        const int value = std::to_integer<int>(byte);
        if (expected > 0) {
            if ((value & 0xc0) != 0x80) return false;
            --expected;
        } else if (value >= 0x80) {
            if ((value & 0xe0) == 0xc0) {
                expected = 1;
            } else if ((value & 0xf0) == 0xe0) {
                expected = 2;
            } else if ((value & 0xf8) == 0xf0) {
                expected = 3;
            } else {
                return false;
            }
        }
    }
    return expected == 0;
}

}  // namespace

std::uint64_t WireReader::take_varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (rest_.empty()) cut_short(*source_);
        const auto byte = std::to_integer<std::uint64_t>(rest_.front());
        rest_ = rest_.subspan(1);
        value |= (byte & 0x7f) << shift;
        if (byte < 0x80) return value;
    }
    cut_short(*source_);
}

std::span<const std::byte> WireReader::take(std::uint64_t count) {
    if (count > rest_.size()) cut_short(*source_);
    const auto taken = rest_.first(static_cast<std::size_t>(count));
    rest_ = rest_.subspan(static_cast<std::size_t>(count));
    return taken;
}

bool WireReader::next() {
    if (rest_.empty()) return false;
    const std::uint64_t tag = take_varint();
    if (tag >> 3 == 0 || tag >> 3 > 0x1fffffff) cut_short(*source_);
    field_ = static_cast<int>(tag >> 3);
    type_ = static_cast<Type>(tag & 7);
    switch (type_) {
        case Type::kVarint:
            varint_ = take_varint();
            return true;
        case Type::kFixed64:
            bytes_ = take(8);
            return true;
        case Type::kBytes:
            bytes_ = take(take_varint());
            return true;
        case Type::kFixed32:
            bytes_ = take(4);
            return true;
    }
    cut_short(*source_);
}

void WireReader::expect(Type type, const char* what) const {
    if (type_ != type) fail("{} is not a valid ONNX file: field {} should be {}", *source_, field_, what);
}

std::int64_t WireReader::integer() const {
    expect(Type::kVarint, "an integer");
    return static_cast<std::int64_t>(varint_);
}

float WireReader::f32() const {
    expect(Type::kFixed32, "a float");
    float value;
    std::memcpy(&value, bytes_.data(), sizeof(value));
    return value;
}

std::span<const std::byte> WireReader::bytes() const {
    expect(Type::kBytes, "a message or text");
    return bytes_;
}

std::string WireReader::text() const {
    constexpr std::size_t kMostText = 1 << 16;
    const auto content = bytes();
    if (content.size() > kMostText) fail("{}: a text of {} bytes is too long", *source_, content.size());
    if (!is_utf8(content)) fail("{}: a text is not valid UTF-8", *source_);
    return {reinterpret_cast<const char*>(content.data()), content.size()};
}

void WireReader::append_integers(std::vector<std::int64_t>& to, std::size_t limit) const {
    if (type_ == Type::kBytes) {
        const auto more = unpack_varints(bytes_, limit, *source_);
        to.insert(to.end(), more.begin(), more.end());
    } else {
        to.push_back(integer());
    }
    if (to.size() > limit) fail("{}: a list has more than {} numbers", *source_, limit);
}

void WireReader::append_floats(std::vector<float>& to, std::size_t limit) const {
    if (type_ == Type::kBytes) {
        if (bytes_.size() % sizeof(float) != 0) cut_short(*source_);
        const std::size_t count = bytes_.size() / sizeof(float);
        if (to.size() + count > limit) fail("{}: a list has more than {} numbers", *source_, limit);
        if (count == 0) return;
        to.resize(to.size() + count);
        std::memcpy(to.data() + to.size() - count, bytes_.data(), bytes_.size());
    } else {
        to.push_back(f32());
    }
    if (to.size() > limit) fail("{}: a list has more than {} numbers", *source_, limit);
}

std::vector<std::int64_t> unpack_varints(std::span<const std::byte> packed, std::size_t limit,
                                         const std::string& source) {
    std::vector<std::int64_t> values;
    std::uint64_t value = 0;
    unsigned shift = 0;
    for (const std::byte part : packed) {
        const auto byte = std::to_integer<std::uint64_t>(part);
        if (shift > 63) cut_short(source);
        value |= (byte & 0x7f) << shift;
        shift += 7;
        if (byte >= 0x80) continue;
        if (values.size() == limit) fail("{}: a list has more than {} numbers", source, limit);
        values.push_back(static_cast<std::int64_t>(value));
        value = 0;
        shift = 0;
    }
    if (shift != 0) cut_short(source);
    return values;
}

}  // namespace espalier::formats::onnx
