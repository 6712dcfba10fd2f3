#pragma once

#include <cstdint>
#include <string>

namespace espalier::cli {

/// "12.3 k", "4.09 G": three significant digits with a decimal prefix, for counts.
std::string human_count(std::int64_t count);

/// "346 MB": three significant digits with a decimal prefix, for bytes.
std::string human_bytes(std::int64_t bytes);

}  // namespace espalier::cli
