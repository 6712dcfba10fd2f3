#include "hub/incomplete_file.h"

#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "base/error.h"

namespace espalier::hub {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{1} << 20;

}  // namespace

IncompleteFile::IncompleteFile(const Directory& blobs, const std::string& etag, std::int64_t bytes)
    : blobs_(blobs),
      etag_(etag),
      name_(etag + ".incomplete"),
      bytes_(bytes),
      digest_(digest_kind(etag), bytes),
      file_(blobs.open_file(name_, 0666)) {
    read_existing();
    struct statvfs space {};
    if (::fstatvfs(file_.get(), &space) != 0) return;
    const auto available = static_cast<std::uint64_t>(space.f_bavail) * space.f_frsize;
    if (available < static_cast<std::uint64_t>(missing())) {
        fail("{} has {} bytes of space left, but {} more are needed for this file; make room, then repeat",
             blobs_.path().string(), available, missing());
    }
}

void IncompleteFile::read_existing() {
    std::vector<char> piece(kPieceBytes);
    while (true) {
        const ssize_t got = ::read(file_.get(), piece.data(), piece.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) blobs_.reject(name_, errno);
        if (got == 0) return;
        // Longer than the whole: it is something else.
        if (size_ + got > bytes_) return restart();
        digest_.update({piece.data(), static_cast<std::size_t>(got)});
        size_ += got;
    }
}

void IncompleteFile::restart() {
    if (::ftruncate(file_.get(), 0) != 0 || ::lseek(file_.get(), 0, SEEK_SET) != 0)
        blobs_.reject(name_, errno);
    size_ = 0;
    digest_.restart();
}

void IncompleteFile::append(std::string_view piece) {
    if (static_cast<std::int64_t>(piece.size()) > missing()) {
        restart();
        fail("the server sends more than the {} bytes that the file has; nothing of it is kept", bytes_);
    }
    while (!piece.empty()) {
        const ssize_t written = ::write(file_.get(), piece.data(), piece.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) {
            fail("cannot write {}: {}; {} of {} bytes are kept, and the same command goes on from there",
                 (blobs_.path() / name_).string(), std::strerror(errno), size_, bytes_);
        }
        const auto count = static_cast<std::size_t>(written);
        digest_.update(piece.substr(0, count));
        size_ += written;
        piece.remove_prefix(count);
    }
}

bool IncompleteFile::verify() {
    computed_ = digest_.hex();
    return missing() == 0 && (computed_.empty() || computed_ == etag_);
}

void IncompleteFile::keep() {
    if (::fsync(file_.get()) != 0) blobs_.reject(name_, errno);
    blobs_.take(blobs_, name_, etag_);
}

void IncompleteFile::discard() { blobs_.remove(name_); }

}  // namespace espalier::hub
