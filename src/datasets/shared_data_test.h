#pragma once

#include <cstdlib>
#include <filesystem>

namespace espalier::datasets {

/// Where the reference models and images lie: ESPALIER_SHARED_DIR, or the folder "shared" beside the
/// checkout. Tests skip what is not there.
inline std::filesystem::path shared_dir() {
    if (const char* folder = std::getenv("ESPALIER_SHARED_DIR")) return folder;
    return std::filesystem::path(ESPALIER_SOURCE_DIR) / ".." / "shared";
}

}  // namespace espalier::datasets
