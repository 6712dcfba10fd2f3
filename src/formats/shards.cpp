#include "formats/shards.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "formats/json_document.h"

namespace espalier::formats {
namespace {

using nlohmann::json;

/// Each file stays mapped, and a process has room for some thousand.
constexpr std::size_t kMostFiles = 1024;

std::string shown(const json& value) {
    const std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
    return text.size() > 80 ? text.substr(0, 77) + "..." : text;
}

/// The name of a file beside the index. Anything that could lead elsewhere is refused.
std::string file_name_of(const json& value, const std::string& tensor, const std::string& source) {
    const std::string name = value.is_string() ? value.get<std::string>() : "";
    const bool inside = !name.empty() && name != "." && name != ".." &&
                        name.find_first_of(std::string_view("/\\\0", 3)) == std::string::npos;
    if (!inside) {
        fail("{}: tensor '{}' must lie in a file beside the index, not in {}", source, tensor, shown(value));
    }
    return name;
}

}  // namespace

Shards read_shards(const std::filesystem::path& index, const ShardReader& read) {
    const std::string source = index.string();
    const json document = parse_json(read_text_file(index), source);
    const auto map = document.is_object() ? document.find("weight_map") : document.end();
    if (map == document.end() || !map->is_object()) fail("{} has no object 'weight_map'", source);
    Shards result;
    std::map<std::string, TensorMap> files;
    for (const auto& [name, file] : map->items()) {
        const std::string file_name = file_name_of(file, name, source);
        auto opened = files.find(file_name);
        if (opened == files.end()) {
            if (files.size() == kMostFiles) fail("{} names more than {} files", source, kMostFiles);
            opened = files.emplace(file_name, read(index.parent_path() / file_name)).first;
        }
        const auto tensor = opened->second.find(name);
        if (tensor == opened->second.end()) {
            fail("{} says that tensor '{}' is in {}, but it is not", source, name, file_name);
        }
        result.tensors.insert(*tensor);
    }
    for (const auto& [name, content] : files) result.files.push_back(name);
    return result;
}

}  // namespace espalier::formats
