#include "meters/fake/fake_files.h"

#include <fmt/core.h>

#include <cerrno>
#include <set>

namespace espalier::meters {

void FakeFiles::remove(const std::string& path) {
    const std::string folder = fmt::format("{}/", path);
    const auto below = [&](const std::string& name) { return name == path || name.rfind(folder, 0) == 0; };
    std::erase_if(files_, [&](const auto& file) { return below(file.first); });
    std::erase_if(registers_, [&](const auto& known) { return below(known.first.first); });
}

FileContent FakeFiles::read(const std::filesystem::path& path) const {
    const auto disturbed = disturbed_.find(path.string());
    if (disturbed != disturbed_.end()) return disturbed->second;
    const auto file = files_.find(path.string());
    return file == files_.end() ? FileContent{"", ENOENT} : file->second();
}

RegisterContent FakeFiles::read_register(const std::filesystem::path& path, std::uint64_t offset) const {
    const auto disturbed = disturbed_.find(path.string());
    if (disturbed != disturbed_.end()) return {0, disturbed->second.ok() ? EIO : disturbed->second.error};
    const auto known = registers_.find({path.string(), offset});
    if (known != registers_.end()) return known->second();
    const auto any = registers_.lower_bound({path.string(), 0});
    const bool exists = any != registers_.end() && any->first.first == path.string();
    return {0, exists ? EIO : ENOENT};
}

std::vector<std::string> FakeFiles::list(const std::filesystem::path& path) const {
    const std::string folder = fmt::format("{}/", path.string());
    std::set<std::string> names;
    const auto add = [&](const std::string& name) {
        if (name.rfind(folder, 0) != 0) return;
        names.insert(name.substr(folder.size(), name.find('/', folder.size()) - folder.size()));
    };
    for (const auto& file : files_) add(file.first);
    for (const auto& known : registers_) add(known.first.first);
    return {names.begin(), names.end()};
}

bool FakeFiles::exists(const std::filesystem::path& path) const {
    return files_.count(path.string()) > 0 || read_register(path, 0).error != ENOENT || !list(path).empty();
}

}  // namespace espalier::meters
