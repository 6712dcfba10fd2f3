#include "base/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <map>
#include <mutex>

#include "base/error.h"

namespace espalier {
namespace {

/// What is mapped: only there may pages be dropped without loss.
class Mappings {
  public:
    void add(const std::byte* data, std::size_t size) {
        const std::lock_guard lock(mutex_);
        ends_[data] = data + size;
    }
    void remove(const std::byte* data) {
        const std::lock_guard lock(mutex_);
        ends_.erase(data);
    }
    /// Drops the whole pages of [first, last) if they lie in one mapping, which stays while the lock is held.
    void release(const std::byte* first, const std::byte* last) {
        const std::lock_guard lock(mutex_);
        auto above = ends_.upper_bound(first);
        if (above == ends_.begin() || last > std::prev(above)->second) return;
        const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
        const auto begin = (reinterpret_cast<std::uintptr_t>(first) + page - 1) / page * page;
        const auto end = reinterpret_cast<std::uintptr_t>(last) / page * page;
        if (end > begin) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
    }

  private:
    std::mutex mutex_;
    std::map<const std::byte*, const std::byte*> ends_;
};

Mappings& mappings() {
    static Mappings mappings;
    return mappings;
}

}  // namespace

std::shared_ptr<const MappedFile> MappedFile::open(const std::filesystem::path& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) fail("cannot open {}: {}", path.string(), std::strerror(errno));
    struct stat info {};
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        ::close(fd);
        fail("{} is not a regular file", path.string());
    }
    const auto size = static_cast<std::size_t>(info.st_size);
    void* data = nullptr;
    if (size > 0) data = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
    const int map_errno = errno;
    ::close(fd);
    if (data == MAP_FAILED) fail("cannot map {}: {}", path.string(), std::strerror(map_errno));
    if (size > 0) mappings().add(static_cast<const std::byte*>(data), size);
    return std::shared_ptr<const MappedFile>(new MappedFile(path, static_cast<const std::byte*>(data), size));
}

MappedFile::~MappedFile() {
    if (size_ == 0) return;
    mappings().remove(data_);
    munmap(const_cast<std::byte*>(data_), size_);
}

void MappedFile::release(std::span<const std::byte> bytes) {
    mappings().release(bytes.data(), bytes.data() + bytes.size());
}

}  // namespace espalier
