#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "meters/file_tree.h"
#include "meters/meter.h"

namespace espalier::meters {

/// The whole number that is all of a small file, such as energy_uj, or why there is none.
using NumberRead = std::variant<std::int64_t, Gap>;

NumberRead read_whole(const FileTree& files, const std::string& path);

/// The same of what is never negative.
NumberRead read_count(const FileTree& files, const std::string& path);

}  // namespace espalier::meters
