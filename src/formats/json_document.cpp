#include "formats/json_document.h"

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace espalier::formats {

nlohmann::json parse_json(std::string_view text, const std::string& source) {
    constexpr int kMaxDepth = 64;
    const auto limit_depth = [&](int depth, nlohmann::json::parse_event_t, const nlohmann::json&) {
        if (depth > kMaxDepth) fail("{}: arrays and objects nest deeper than {}", source, kMaxDepth);
        return true;
    };
    try {
        return nlohmann::json::parse(text, limit_depth);
    } catch (const nlohmann::json::exception& error) {
        fail("{} is not valid JSON: {}", source, error.what());
    }
}

}  // namespace espalier::formats
