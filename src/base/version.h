#pragma once

namespace espalier {

/// Version of the program and of what it writes into stores and exports. CMake reads it from here.
inline constexpr const char* kVersion = "0.1.0";

}  // namespace espalier
