#include "meters/fake/fake_files.h"

#include <fmt/core.h>

#include <cerrno>
#include <set>

namespace espalier::meters {

void FakeFiles::remove(const std::string& path) {
    const std::string folder = fmt::format("{}/", path);
    std::erase_if(files_,
                  [&](const auto& file) { return file.first == path || file.first.rfind(folder, 0) == 0; });
}

FileContent FakeFiles::read(const std::filesystem::path& path) const {
    const auto file = files_.find(path.string());
    return file == files_.end() ? FileContent{"", ENOENT} : file->second();
}

std::vector<std::string> FakeFiles::list(const std::filesystem::path& path) const {
    const std::string folder = fmt::format("{}/", path.string());
    std::set<std::string> names;
    for (const auto& [name, content] : files_) {
        if (name.rfind(folder, 0) != 0) continue;
        names.insert(name.substr(folder.size(), name.find('/', folder.size()) - folder.size()));
    }
    return {names.begin(), names.end()};
}

bool FakeFiles::exists(const std::filesystem::path& path) const {
    return files_.count(path.string()) > 0 || !list(path).empty();
}

}  // namespace espalier::meters
