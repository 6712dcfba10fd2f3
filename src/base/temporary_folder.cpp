#include "base/temporary_folder.h"

#include <stdlib.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/error.h"

namespace espalier {

namespace fs = std::filesystem;

TemporaryFolder::TemporaryFolder() {
    std::error_code problem;
    const fs::path parent = fs::temp_directory_path(problem);
    if (problem) fail("there is no folder for temporary files (TMPDIR): {}", problem.message());
    std::string pattern = (parent / "espalier-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr)
        fail("cannot make a folder {}: {}", pattern, std::strerror(errno));
    path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

fs::path TemporaryFolder::write(const std::string& file, std::string_view content) const {
    const fs::path path = path_ / file;
    std::ofstream stream(path, std::ios::binary | std::ios::trunc);
    if (!stream.write(content.data(), static_cast<std::streamsize>(content.size())).flush())
        fail("cannot write {}: {}", path.string(), std::strerror(errno));
    return path;
}

}  // namespace espalier
