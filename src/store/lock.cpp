#include "store/lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace espalier::store {
namespace {

std::string holder(int fd) {
    char text[32] = {};
    const ssize_t length = ::pread(fd, text, sizeof text - 1, 0);
    std::string pid(text, length > 0 ? static_cast<std::size_t>(length) : 0);
    pid = pid.substr(0, pid.find_first_not_of("0123456789"));
    return pid.empty() ? "another process" : "process " + pid;
}

}  // namespace

Lock::Lock(const std::filesystem::path& store) {
    const std::string path = store.string() + ".lock";
    std::error_code problem;
    if (store.has_parent_path()) std::filesystem::create_directories(store.parent_path(), problem);
    if (problem) {
        fail("cannot make the folder {} for the store: {}", store.parent_path().string(), problem.message());
    }
    // Close-on-exec: a trial that outlives the runner for a moment must not keep the store locked.
    fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd_ < 0) fail("the store {} cannot be written: {}: {}", store.string(), path, std::strerror(errno));
    if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
        const int reason = errno;
        const std::string who = holder(fd_);
        ::close(fd_);
        if (reason != EWOULDBLOCK)
            fail("cannot lock the store {}: {}", store.string(), std::strerror(reason));
        fail(
            "the store {} is in use: {} is carrying out a study in it. Wait for it ('espalier status' shows "
            "how far it is), or use another file with --store",
            store.string(), who);
    }
    const std::string pid = std::to_string(getpid()) + "\n";
    // The content only helps the message above; the lock holds without it.
    if (::ftruncate(fd_, 0) == 0) (void)!::pwrite(fd_, pid.data(), pid.size(), 0);
}

bool Lock::held(const std::filesystem::path& store) {
    const int fd = ::open((store.string() + ".lock").c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    const bool busy = ::flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    ::close(fd);
    return busy;
}

Lock::~Lock() { ::close(fd_); }

}  // namespace espalier::store
