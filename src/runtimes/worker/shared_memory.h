#pragma once

#include <cstddef>
#include <span>

#include "base/child_process.h"

namespace espalier::runtimes {

/// Anonymous memory that a child process maps by the descriptor it inherits. Nothing of it is left when both
/// are gone.
class SharedMemory {
  public:
    /// Throws Error when the kernel gives none.
    SharedMemory();
    ~SharedMemory();
    SharedMemory(const SharedMemory&) = delete;
    SharedMemory& operator=(const SharedMemory&) = delete;

    int descriptor() const { return file_.get(); }
    /// Makes it so many bytes long, all zero. Once; throws Error when there is no space.
    void resize(std::size_t bytes);
    std::span<std::byte> bytes() { return {data_, size_}; }

  private:
    FileDescriptor file_;
    std::byte* data_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace espalier::runtimes
