#pragma once

#include <filesystem>

namespace espalier::store {

/// The right to carry out studies in a store, held by one process at a time. It is a lock on the file
/// `<store>.lock`, which the kernel releases when the process dies, however it dies; readers do not need it.
class Lock {
  public:
    /// Throws Error naming the process that holds it, or saying why the lock file cannot be written.
    explicit Lock(const std::filesystem::path& store);
    ~Lock();
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

    /// Whether some process holds the right now. False where that cannot be told.
    static bool held(const std::filesystem::path& store);

  private:
    int fd_;
};

}  // namespace espalier::store
