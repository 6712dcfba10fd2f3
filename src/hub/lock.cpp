#include "hub/lock.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/log.h"

namespace espalier::hub {
namespace {

/// Whether the file is still the one that goes by its name: others may delete a lock when they let go of it.
bool is_current(const Directory& folder, const std::string& name, int fd) {
    struct stat held {};
    struct stat named {};
    if (::fstat(fd, &held) != 0) return false;
    if (::fstatat(folder.fd(), name.c_str(), &named, AT_SYMLINK_NOFOLLOW) != 0) return false;
    return held.st_ino == named.st_ino && held.st_dev == named.st_dev;
}

}  // namespace

Lock::Lock(const Directory& folder, const std::string& name, const std::function<void(Seconds)>& pause) {
    constexpr Seconds kBetweenTries{0.1};
    bool told = false;
    while (true) {
        file_ = folder.open_file(name, 0664);
        if (::flock(file_.get(), LOCK_EX | LOCK_NB) == 0) {
            if (is_current(folder, name, file_.get())) return;
            continue;
        }
        if (errno == EINTR) continue;
        // File systems without locks: the hash still protects the blob, and a doubled download is all that is
        // lost.
        if (errno != EWOULDBLOCK) return;
        if (!told) log::info("waiting for another download of the same file");
        told = true;
        pause(kBetweenTries);
    }
}

}  // namespace espalier::hub
