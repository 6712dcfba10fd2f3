#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace espalier::formats::pytorch {

/// The low `width` bytes of a number, least significant first.
inline std::string little(std::uint64_t value, int width) {
    std::string bytes;
    for (int i = 0; i < width; ++i) bytes += static_cast<char>(i < 8 ? value >> (8 * i) & 0xff : 0);
    return bytes;
}

/// Writes pickles instruction by instruction, for tests that need one with a particular content or fault.
class PickleText {
  public:
    PickleText() : bytes_("\x80\x02", 2) {}
    PickleText& op(std::string_view code) {
        bytes_ += code;
        return *this;
    }
    PickleText& global(std::string_view module, std::string_view name) {
        return op("c").op(module).op("\n").op(name).op("\n");
    }
    PickleText& text(std::string_view value) { return op("X").op(little(value.size(), 4)).op(value); }
    PickleText& integer(std::int64_t value) {
        return op("\x8a\x08").op(little(static_cast<std::uint64_t>(value), 8));
    }
    PickleText& tuple(const std::vector<std::int64_t>& values) {
        op("(");
        for (const std::int64_t value : values) integer(value);
        return op("t");
    }
    /// torch._utils._rebuild_tensor_v2(storage, offset, sizes, strides, False, OrderedDict())
    PickleText& tensor(std::string_view storage_type, std::string_view key, std::int64_t elements,
                       std::int64_t offset, const std::vector<std::int64_t>& sizes,
                       const std::vector<std::int64_t>& strides) {
        global("torch._utils", "_rebuild_tensor_v2").op("(");
        op("(").text("storage").global("torch", storage_type).text(key).text("cpu").integer(elements);
        op("tQ").integer(offset).tuple(sizes).tuple(strides);
        return op("\x89").global("collections", "OrderedDict").op(")Rt").op("R");
    }
    std::string stop() const { return bytes_ + "."; }

  private:
    std::string bytes_;
};

/// Writes ZIP archives, of which a test may spoil every field.
class ZipText {
  public:
    struct Entry {
        std::string name;
        std::string content;
        std::uint16_t flags = 0;
        std::uint16_t method = 0;
        std::uint32_t size = 0;             ///< declared, where it differs from the content's
        std::uint32_t offset = 0xdeadbeef;  ///< declared, where it differs from the true one
        std::string local_name;             ///< in front of the content, where it differs
        std::string extra;                  ///< in the directory
    };

    ZipText& add(Entry entry) {
        entries_.push_back(std::move(entry));
        return *this;
    }
    ZipText& add(std::string name, std::string content) {
        return add(Entry{std::move(name), std::move(content)});
    }

    std::string str() const {
        std::string body, directory;
        for (const Entry& entry : entries_) {
            const auto size = static_cast<std::uint32_t>(entry.size ? entry.size : entry.content.size());
            const auto offset =
                static_cast<std::uint32_t>(entry.offset != 0xdeadbeef ? entry.offset : body.size());
            const std::string& local = entry.local_name.empty() ? entry.name : entry.local_name;
            const std::string common = little(0, 2) + little(entry.flags, 2) + little(entry.method, 2) +
                                       little(0, 8) + little(entry.content.size(), 4) + little(size, 4);
            body += "PK\x03\x04" + common + little(local.size(), 2) + little(0, 2) + local + entry.content;
            directory += "PK\x01\x02" + little(0, 2) + common + little(entry.name.size(), 2) +
                         little(entry.extra.size(), 2) + little(0, 10) + little(offset, 4) + entry.name +
                         entry.extra;
        }
        const std::uint64_t count = entries_.size();
        return body + directory + "PK\x05\x06" + little(0, 4) + little(count, 2) + little(count, 2) +
               little(directory.size(), 4) + little(body.size(), 4) + little(0, 2);
    }

  private:
    std::vector<Entry> entries_;
};

/// A checkpoint whose pickle is given and whose storage "0" has `storage_bytes` zeros.
inline std::string torch_file(const std::string& pickle, std::size_t storage_bytes = 24) {
    return ZipText()
        .add("archive/data.pkl", pickle)
        .add("archive/byteorder", "little")
        .add("archive/data/0", std::string(storage_bytes, '\0'))
        .str();
}

}  // namespace espalier::formats::pytorch
