#include "meters/file_tree.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace espalier::meters {
namespace {

constexpr std::size_t kLimit = std::size_t{1} << 20;

void trim_end(std::string& text) {
    const auto end = text.find_last_not_of(" \t\r\n");
    text.erase(end == std::string::npos ? 0 : end + 1);
}

}  // namespace

FileContent SystemFiles::read(const std::filesystem::path& path) const {
    FileContent content;
    const int fd = ::open((root_ / path).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        content.error = errno;
        return content;
    }
    std::array<char, 4096> buffer;
    while (content.text.size() < kLimit) {
        const ssize_t got = ::read(fd, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) content.error = errno;
        if (got <= 0) break;
        content.text.append(buffer.data(), static_cast<std::size_t>(got));
    }
    ::close(fd);
    trim_end(content.text);
    return content;
}

RegisterContent SystemFiles::read_register(const std::filesystem::path& path, std::uint64_t offset) const {
    RegisterContent content;
    const int fd = ::open((root_ / path).c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        content.error = errno;
        return content;
    }
    const ssize_t got = ::pread(fd, &content.value, sizeof content.value, static_cast<off_t>(offset));
    if (got != static_cast<ssize_t>(sizeof content.value)) content.error = got < 0 ? errno : EIO;
    ::close(fd);
    return content;
}

std::vector<std::string> SystemFiles::list(const std::filesystem::path& path) const {
    std::vector<std::string> names;
    std::error_code error;
    for (std::filesystem::directory_iterator entry(root_ / path, error), end; !error && entry != end;
         entry.increment(error)) {
        names.push_back(entry->path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
}

bool SystemFiles::exists(const std::filesystem::path& path) const {
    std::error_code error;
    return std::filesystem::exists(root_ / path, error);
}

std::string SystemFiles::display(const std::filesystem::path& path) const { return (root_ / path).string(); }

}  // namespace espalier::meters
