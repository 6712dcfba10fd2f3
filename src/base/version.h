#pragma once

namespace espalier {

/// Version of the program, as in CMakeLists.txt (Semantic Versioning).
inline constexpr const char* kVersion = "0.1.0";

}  // namespace espalier
