#include "runtimes/worker/shared_memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace espalier::runtimes {

SharedMemory::SharedMemory() : file_(::memfd_create("espalier tensors", MFD_CLOEXEC)) {
    if (!file_.open()) fail("cannot make memory to share with a worker: {}", std::strerror(errno));
}

SharedMemory::~SharedMemory() {
    if (data_ != nullptr) ::munmap(data_, size_);
}

void SharedMemory::resize(std::size_t bytes) {
    if (data_ != nullptr) fail("the memory of a worker has its size already");
    if (::ftruncate(file_.get(), static_cast<off_t>(bytes)) != 0) {
        fail("cannot make {} bytes of memory to share with a worker: {}", bytes, std::strerror(errno));
    }
    // Populated now, so that no page is missing in the first timed call.
    void* mapped = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, file_.get(), 0);
    if (mapped == MAP_FAILED)
        fail("cannot map {} bytes that are shared with a worker: {}", bytes, std::strerror(errno));
    data_ = static_cast<std::byte*>(mapped);
    size_ = bytes;
}

}  // namespace espalier::runtimes
