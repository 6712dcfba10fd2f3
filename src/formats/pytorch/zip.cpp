#include "formats/pytorch/zip.h"

#include <algorithm>
#include <optional>

#include "formats/pytorch/byte_reader.h"
#include "formats/pytorch/printable.h"

namespace espalier::formats::pytorch {
namespace {

constexpr std::uint32_t kLocalHeader = 0x04034b50;
constexpr std::uint32_t kDirectoryEntry = 0x02014b50;
constexpr std::uint32_t kEnd = 0x06054b50;
constexpr std::uint32_t kEnd64 = 0x06064b50;
constexpr std::uint32_t kEnd64Locator = 0x07064b50;

constexpr std::size_t kEndBytes = 22;
constexpr std::size_t kLocatorBytes = 20;
constexpr std::size_t kLocalHeaderBytes = 30;
constexpr std::size_t kLongestComment = 0xffff;
constexpr std::uint16_t kZip64Extra = 1;
constexpr std::uint32_t kIn64Bits = 0xffffffff;

/// A checkpoint has an entry for each storage; ten times as many as the largest classifiers have.
constexpr std::uint64_t kMostEntries = 100'000;

struct Directory {
    std::uint64_t entries = 0;
    std::uint64_t size = 0;
    std::uint64_t offset = 0;
    std::uint64_t limit = 0;  ///< where the records behind the directory begin
};

struct Entry {
    std::string name;
    std::uint16_t flags = 0;
    std::uint16_t method = 0;
    std::uint64_t packed = 0;
    std::uint64_t size = 0;
    std::uint64_t offset = 0;
};

/// Whether a name stays below the folder that an archive would be unpacked to, and is fit to be shown. Names
/// begin with that of the saved file, which may be in any script.
bool is_inside(std::string_view name) {
    constexpr std::size_t kLongest = 512;
    const auto control = [](char c) {
        return static_cast<unsigned char>(c) < ' ' || c == '\x7f' || c == '\\';
    };
    if (name.empty() || name.size() > kLongest || std::any_of(name.begin(), name.end(), control))
        return false;
    while (true) {
        const std::size_t slash = name.find('/');
        const std::string_view part = name.substr(0, slash);
        if (part.empty() || part == "." || part == "..") return false;
        if (slash == std::string_view::npos) return true;
        name.remove_prefix(slash + 1);
    }
}

class ZipReader {
  public:
    ZipReader(std::span<const std::byte> archive, const std::string& source)
        : archive_(archive), source_(source) {}

    ZipEntries read() {
        const Directory directory = find_directory();
        ByteReader reader(archive_.first(static_cast<std::size_t>(directory.offset + directory.size)),
                          source_, static_cast<std::size_t>(directory.offset));
        ZipEntries entries;
        for (std::uint64_t i = 0; i < directory.entries; ++i) {
            const Entry entry = read_entry(reader);
            check(entry);
            const auto content = content_of(entry, directory.offset);
            if (!entries.emplace(entry.name, content).second) {
                fail("{}: the entry '{}' occurs twice", source_, printable(entry.name));
            }
        }
        if (reader.left() != 0) fail("{}: the directory holds more than its entries", source_);
        return entries;
    }

  private:
    ByteReader at(std::uint64_t offset) const {
        if (offset > archive_.size()) {
            fail("{}: the directory points to byte {}, but the file has {}", source_, offset,
                 archive_.size());
        }
        return {archive_, source_, static_cast<std::size_t>(offset)};
    }

    /// The record at the end, behind which there is nothing but its comment.
    std::size_t find_end() const {
        if (archive_.size() < kEndBytes) fail("{} is cut short: it has {} bytes", source_, archive_.size());
        const std::size_t last = archive_.size() - kEndBytes;
        for (std::size_t back = 0; back <= std::min(last, kLongestComment); ++back) {
            ByteReader reader = at(last - back);
            if (reader.u32() != kEnd) continue;
            reader.skip(16);
            if (reader.u16() == back) return last - back;
        }
        fail("{} is cut short: the directory at the end of the ZIP archive is missing", source_);
    }

    Directory find_directory() const {
        const std::size_t end = find_end();
        Directory directory = read_end(end);
        if (end >= kLocatorBytes && at(end - kLocatorBytes).u32() == kEnd64Locator) {
            directory = widened(directory, end - kLocatorBytes);
        }
        if (directory.entries > kMostEntries) {
            fail("{} has {} entries, more than the {} that are accepted", source_, directory.entries,
                 kMostEntries);
        }
        if (directory.offset > directory.limit || directory.size > directory.limit - directory.offset) {
            fail("{}: the directory of {} bytes at {} does not fit into the file", source_, directory.size,
                 directory.offset);
        }
        return directory;
    }

    Directory read_end(std::size_t end) const {
        ByteReader reader = at(end + 4);
        const bool one_disk = reader.u16() == 0 && reader.u16() == 0;
        const std::uint16_t here = reader.u16();
        Directory directory{reader.u16(), reader.u32(), reader.u32(), end};
        if (!one_disk || here != directory.entries) fail("{} is a part of a split archive", source_);
        return directory;
    }

    /// The 64-bit form of a directory, which must agree with what fits into the short one.
    Directory widened(const Directory& brief, std::size_t locator) const {
        ByteReader place = at(locator + 4);
        place.skip(4);
        const std::uint64_t offset = place.number(8);
        ByteReader reader = at(offset);
        if (reader.left() < 56 || reader.u32() != kEnd64) {
            fail("{}: there is no 64-bit directory record at byte {}", source_, offset);
        }
        reader.skip(8 + 2 + 2);
        const bool one_disk = reader.u32() == 0 && reader.u32() == 0;
        const std::uint64_t here = reader.number(8);
        Directory wide;
        wide.entries = reader.number(8);
        wide.size = reader.number(8);
        wide.offset = reader.number(8);
        wide.limit = std::min<std::uint64_t>(offset, locator);
        const auto agrees = [](std::uint64_t narrow, std::uint64_t full, std::uint64_t escape) {
            return narrow == escape || narrow == full;
        };
        if (!one_disk || here != wide.entries || !agrees(brief.entries, wide.entries, 0xffff) ||
            !agrees(brief.size, wide.size, kIn64Bits) || !agrees(brief.offset, wide.offset, kIn64Bits)) {
            fail("{}: the 32-bit and the 64-bit directory record contradict each other", source_);
        }
        return wide;
    }

    Entry read_entry(ByteReader& reader) const {
        if (reader.u32() != kDirectoryEntry) fail("{}: the directory is corrupt", source_);
        Entry entry;
        reader.skip(2 + 2);
        entry.flags = reader.u16();
        entry.method = reader.u16();
        reader.skip(2 + 2 + 4);
        entry.packed = reader.u32();
        entry.size = reader.u32();
        const std::uint16_t name = reader.u16();
        const std::uint16_t extra = reader.u16();
        const std::uint16_t comment = reader.u16();
        reader.skip(2 + 2 + 4);
        entry.offset = reader.u32();
        entry.name = reader.text(name);
        widen(entry, reader.text(extra));
        reader.skip(comment);
        return entry;
    }

    /// Takes from the extra field what did not fit into 32 bits.
    void widen(Entry& entry, std::string_view extra) const {
        ByteReader fields(std::as_bytes(std::span(extra)), source_);
        while (fields.left() >= 4) {
            const std::uint16_t id = fields.u16();
            const std::string_view content = fields.text(fields.u16());
            if (id != kZip64Extra) continue;
            ByteReader wide(std::as_bytes(std::span(content)), source_);
            for (std::uint64_t* value : {&entry.size, &entry.packed, &entry.offset}) {
                if (*value == kIn64Bits) *value = wide.number(8);
            }
            return;
        }
    }

    void check(const Entry& entry) const {
        const std::string name = printable(entry.name);
        if (!is_inside(entry.name)) fail("{}: the entry's name '{}' leads elsewhere", source_, name);
        if (entry.flags & 1) fail("{}: the entry '{}' is encrypted", source_, name);
        if (entry.method != 0 || entry.packed != entry.size) {
            fail(
                "{}: the entry '{}' is compressed, which torch.save never does; unpack it with PyTorch and "
                "save it again",
                source_, name);
        }
    }

    std::span<const std::byte> content_of(const Entry& entry, std::uint64_t limit) const {
        ByteReader reader = at(entry.offset);
        if (reader.left() < kLocalHeaderBytes || reader.u32() != kLocalHeader) {
            fail("{}: there is no entry '{}' at byte {}", source_, printable(entry.name), entry.offset);
        }
        reader.skip(22);
        const std::uint16_t name = reader.u16();
        const std::uint16_t extra = reader.u16();
        if (reader.text(name) != entry.name) {
            fail("{}: the entry '{}' has another name in the directory", source_, printable(entry.name));
        }
        reader.skip(extra);
        if (reader.at() > limit || entry.size > limit - reader.at()) {
            fail("{}: the entry '{}' of {} bytes at {} reaches beyond the {} bytes of data", source_,
                 printable(entry.name), entry.size, reader.at(), limit);
        }
        return archive_.subspan(reader.at(), static_cast<std::size_t>(entry.size));
    }

    std::span<const std::byte> archive_;
    const std::string& source_;
};

}  // namespace

ZipEntries read_zip(std::span<const std::byte> archive, const std::string& source) {
    return ZipReader(archive, source).read();
}

}  // namespace espalier::formats::pytorch
