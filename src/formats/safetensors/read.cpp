#include <algorithm>

#include "base/error.h"
#include "formats/safetensors/dtype_name.h"
#include "formats/safetensors/header.h"
#include "formats/safetensors/safetensors.h"

namespace espalier::formats {
namespace {

/// Limit of the reference implementation.
constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;
constexpr std::size_t kPrefixBytes = 8;

std::string_view header_text(std::span<const std::byte> file, const std::string& source) {
    if (file.size() < kPrefixBytes) {
        fail("{} is not a safetensors file: it has {} bytes, and the length of the header alone takes 8",
             source, file.size());
    }
    std::uint64_t length = 0;
    for (std::size_t i = 0; i < kPrefixBytes; ++i)
        length |= std::to_integer<std::uint64_t>(file[i]) << (8 * i);
    if (length > kMaxHeaderBytes) {
        fail("{} is not a safetensors file: its header would be {} bytes long, but at most {} are allowed",
             source, length, kMaxHeaderBytes);
    }
    if (length > file.size() - kPrefixBytes) {
        fail("{} is cut short: its header is {} bytes long, but only {} bytes follow", source, length,
             file.size() - kPrefixBytes);
    }
    return {reinterpret_cast<const char*>(file.data()) + kPrefixBytes, static_cast<std::size_t>(length)};
}

DType dtype_of(const SafetensorsEntry& entry, const std::string& source) {
    for (const auto& [name, dtype] : kSafetensorsDTypes) {
        if (name == entry.dtype) return dtype;
    }
    fail("{}: tensor '{}' has the element type '{}', which is not supported", source, entry.name,
         entry.dtype);
}

/// Checks one entry against the data section and makes the view.
Tensor view_of(const SafetensorsEntry& entry, const SharedBytes& data, const std::string& source) {
    const DType dtype = dtype_of(entry, source);
    Shape shape;
    try {
        shape = Shape(entry.shape);
    } catch (const Error& error) {
        fail("{}: tensor '{}': {}", source, entry.name, error.what());
    }
    if (entry.offsets.size() != 2) fail("{}: tensor '{}' needs two data_offsets", source, entry.name);
    const auto begin = entry.offsets[0];
    const auto end = entry.offsets[1];
    if (begin > end || static_cast<std::uint64_t>(end) > data.bytes.size()) {
        fail("{}: tensor '{}' lies at bytes {} to {}, but the file has {} bytes of data", source, entry.name,
             begin, end, data.bytes.size());
    }
    const auto size = shape.elements() * static_cast<std::int64_t>(size_of(dtype));
    if (end - begin != size) {
        fail("{}: tensor '{}' of type {} and shape {} needs {} bytes, but has {}", source, entry.name,
             entry.dtype, shape.str(), size, end - begin);
    }
    const auto part = data.part(static_cast<std::size_t>(begin), static_cast<std::size_t>(size));
    return Tensor::view(dtype, shape, part.bytes, part.owner);
}

void check_overlaps(std::vector<SafetensorsEntry> entries, const std::string& source) {
    std::erase_if(entries, [](const auto& entry) { return entry.offsets[0] == entry.offsets[1]; });
    std::sort(entries.begin(), entries.end(),
              [](const auto& a, const auto& b) { return a.offsets[0] < b.offsets[0]; });
    for (std::size_t i = 1; i < entries.size(); ++i) {
        if (entries[i].offsets[0] < entries[i - 1].offsets[1]) {
            fail("{}: the data of tensors '{}' and '{}' overlap", source, entries[i - 1].name,
                 entries[i].name);
        }
    }
}

}  // namespace

Safetensors read_safetensors(const SharedBytes& file, const std::string& source) {
    const std::string_view text = header_text(file.bytes, source);
    const std::size_t header_bytes = kPrefixBytes + text.size();
    const SharedBytes data = file.part(header_bytes, file.bytes.size() - header_bytes);
    SafetensorsHeader header = parse_safetensors_header(text, source);
    Safetensors result;
    for (const auto& entry : header.entries) result.tensors.emplace(entry.name, view_of(entry, data, source));
    check_overlaps(std::move(header.entries), source);
    result.metadata = std::move(header.metadata);
    return result;
}

Safetensors read_safetensors(const std::filesystem::path& path) {
    return read_safetensors(SharedBytes::of_file(path), path.string());
}

Shards read_sharded_safetensors(const std::filesystem::path& index) {
    return read_shards(index, [](const auto& file) { return read_safetensors(file).tensors; });
}

}  // namespace espalier::formats
