#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/mapped_file.h"
#include "formats/json_document.h"
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
Tensor view_of(const SafetensorsEntry& entry, std::span<const std::byte> data, const std::string& source,
               const std::shared_ptr<const MappedFile>& file) {
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
    if (begin > end || static_cast<std::uint64_t>(end) > data.size()) {
        fail("{}: tensor '{}' lies at bytes {} to {}, but the file has {} bytes of data", source, entry.name,
             begin, end, data.size());
    }
    const auto size = shape.elements() * static_cast<std::int64_t>(size_of(dtype));
    if (end - begin != size) {
        fail("{}: tensor '{}' of type {} and shape {} needs {} bytes, but has {}", source, entry.name,
             entry.dtype, shape.str(), size, end - begin);
    }
    return Tensor::view(dtype, shape,
                        data.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(size)), file);
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

Safetensors read_safetensors(const std::filesystem::path& path) {
    const auto file = MappedFile::open(path);
    const std::string source = path.string();
    const std::string_view text = header_text(file->bytes(), source);
    const auto data = file->bytes().subspan(kPrefixBytes + text.size());
    SafetensorsHeader header = parse_safetensors_header(text, source);
    Safetensors result;
    for (const auto& entry : header.entries)
        result.tensors.emplace(entry.name, view_of(entry, data, source, file));
    check_overlaps(std::move(header.entries), source);
    result.metadata = std::move(header.metadata);
    return result;
}

ShardedSafetensors read_sharded_safetensors(const std::filesystem::path& index) {
    const auto document = parse_json(read_text_file(index), index.string());
    const auto map = document.is_object() ? document.find("weight_map") : document.end();
    if (map == document.end() || !map->is_object()) fail("{} has no object 'weight_map'", index.string());
    ShardedSafetensors result;
    std::map<std::string, Safetensors> files;
    for (const auto& [name, file] : map->items()) {
        const std::string file_name = file.is_string() ? file.get<std::string>() : "";
        if (file_name.empty() || file_name == ".." || file_name.find_first_of("/\\") != std::string::npos) {
            fail("{}: tensor '{}' must lie in a file beside the index, not in {}", index.string(), name,
                 file.dump());
        }
        auto opened = files.find(file_name);
        if (opened == files.end()) {
            opened = files.emplace(file_name, read_safetensors(index.parent_path() / file_name)).first;
        }
        const auto tensor = opened->second.tensors.find(name);
        if (tensor == opened->second.tensors.end()) {
            fail("{} says that tensor '{}' is in {}, but it is not", index.string(), name, file_name);
        }
        result.tensors.insert(*tensor);
    }
    for (const auto& [name, content] : files) result.files.push_back(name);
    return result;
}

}  // namespace espalier::formats
