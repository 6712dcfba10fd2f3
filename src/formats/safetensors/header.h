#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace espalier::formats {

/// What a safetensors header says about one tensor, not yet checked against anything.
struct SafetensorsEntry {
    std::string name;
    std::string dtype;
    std::vector<std::int64_t> shape;
    std::vector<std::int64_t> offsets;
};

struct SafetensorsHeader {
    std::vector<SafetensorsEntry> entries;
    std::map<std::string, std::string> metadata;
};

/// Parses the JSON header. Reads no deeper than the format goes, so that memory stays in proportion to the
/// text. Throws Error naming `source` and the tensor for malformed JSON, unknown or repeated keys and names.
SafetensorsHeader parse_safetensors_header(std::string_view text, const std::string& source);

}  // namespace espalier::formats
