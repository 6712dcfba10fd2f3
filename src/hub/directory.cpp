#include "hub/directory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace espalier::hub {
namespace {

/// Writes everything and syncs; returns 0 or the errno of what failed.
int write_and_sync(int fd, std::string_view content) {
    while (!content.empty()) {
        const ssize_t written = ::write(fd, content.data(), content.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return errno;
        content.remove_prefix(static_cast<std::size_t>(written));
    }
    return ::fsync(fd) == 0 ? 0 : errno;
}

[[noreturn]] void reject_path(const std::filesystem::path& path, int error) {
    if (error == EROFS || error == EACCES || error == EPERM) {
        fail(
            "cannot write to the cache: {}: {}; set HF_HUB_CACHE (or HF_HOME) to a folder that you may write",
            path.string(), std::strerror(error));
    }
    if (error == ELOOP || error == ENOTDIR) {
        fail("{} is a symbolic link, or no folder; nothing is written through it. Remove it, then repeat",
             path.string());
    }
    fail("cannot write {}: {}", path.string(), std::strerror(error));
}

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
    if (this == &other) return *this;
    if (fd_ >= 0) ::close(fd_);
    fd_ = other.release();
    return *this;
}

Descriptor::~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
}

int Descriptor::release() { return std::exchange(fd_, -1); }

std::string temporary_name(const std::string& name) {
    static std::atomic<unsigned> counter{0};
    return fmt::format(".{}.{}.{}.tmp", name.substr(0, 128), ::getpid(), counter++);
}

Directory Directory::root(const std::filesystem::path& path) {
    std::error_code problem;
    std::filesystem::create_directories(path, problem);
    if (problem) reject_path(path, problem.value());
    Descriptor fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd) reject_path(path, errno);
    return {std::move(fd), path};
}

Directory Directory::make_child(const std::string& name) const {
    if (::mkdirat(fd(), name.c_str(), 0777) != 0 && errno != EEXIST) reject(name, errno);
    Descriptor child(::openat(fd(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!child) reject(name, errno);
    return {std::move(child), path_ / name};
}

Directory Directory::make(std::string_view path) const {
    const auto slash = path.find('/');
    Directory child = make_child(std::string(path.substr(0, slash)));
    return slash == std::string_view::npos ? std::move(child) : child.make(path.substr(slash + 1));
}

void Directory::write(const std::string& name, std::string_view content) const {
    const std::string temporary = temporary_name(name);
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    const Descriptor file(::openat(fd(), temporary.c_str(), flags, 0666));
    if (!file) reject(name, errno);
    int error = write_and_sync(file.get(), content);
    if (error == 0 && ::renameat(fd(), temporary.c_str(), fd(), name.c_str()) != 0) error = errno;
    if (error == 0) return;
    ::unlinkat(fd(), temporary.c_str(), 0);
    reject(name, error);
}

bool Directory::link(const std::string& name, const std::string& target) const {
    const std::string temporary = temporary_name(name);
    if (::symlinkat(target.c_str(), fd(), temporary.c_str()) != 0) {
        // FAT and some network file systems say EPERM.
        if (errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS) return false;
        reject(name, errno);
    }
    if (::renameat(fd(), temporary.c_str(), fd(), name.c_str()) == 0) return true;
    const int error = errno;
    ::unlinkat(fd(), temporary.c_str(), 0);
    reject(name, error);
}

void Directory::take(const Directory& from, const std::string& from_name, const std::string& name) const {
    if (::renameat(from.fd(), from_name.c_str(), fd(), name.c_str()) != 0) reject(name, errno);
    ::fsync(fd());
}

void Directory::remove(const std::string& name) const { ::unlinkat(fd(), name.c_str(), 0); }

std::optional<std::int64_t> Directory::file_size(const std::string& name) const {
    struct stat status {};
    if (::fstatat(fd(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return std::nullopt;
    if (!S_ISREG(status.st_mode)) return std::nullopt;
    return status.st_size;
}

std::optional<std::string> Directory::link_text(const std::string& name) const {
    char text[4096];
    const ssize_t length = ::readlinkat(fd(), name.c_str(), text, sizeof text);
    if (length < 0) return std::nullopt;
    return std::string(text, static_cast<std::size_t>(length));
}

Descriptor Directory::open_file(const std::string& name, int mode) const {
    // O_NONBLOCK: a pipe placed here must not make us wait for its other end.
    const int flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
    Descriptor file(::openat(fd(), name.c_str(), flags, mode));
    if (!file) reject(name, errno);
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) reject(name, errno);
    // A second name of the file may lie anywhere.
    if (!S_ISREG(status.st_mode) || status.st_nlink != 1) {
        fail("{} is no plain file of the cache; nothing is written to it. Remove it, then repeat",
             (path_ / name).string());
    }
    return file;
}

void Directory::reject(const std::string& name, int error) const { reject_path(path_ / name, error); }

}  // namespace espalier::hub
