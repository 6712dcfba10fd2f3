#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace espalier::formats {

/// Parses JSON text (RFC 8259) whose arrays and objects nest at most 64 deep. `source` names the file in
/// errors. Throws Error with the position of the mistake.
nlohmann::json parse_json(std::string_view text, const std::string& source);

}  // namespace espalier::formats
