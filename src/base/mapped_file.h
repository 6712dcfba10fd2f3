#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>

namespace espalier {

/// A file mapped read-only into memory for the life of the object. Pages are read when touched.
class MappedFile {
  public:
    /// Maps the whole file. Throws Error when it cannot be opened, is not a regular file, or cannot be
    /// mapped. An empty file gives an empty span.
    static std::shared_ptr<const MappedFile> open(const std::filesystem::path& path);

    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;
    ~MappedFile();

    std::span<const std::byte> bytes() const { return {data_, size_}; }
    const std::filesystem::path& path() const { return path_; }

    /// Lets the kernel take back the memory behind `bytes` where they lie in a mapped file: they are read
    /// again when they are touched. Does nothing to other memory.
    static void release(std::span<const std::byte> bytes);

  private:
    MappedFile(std::filesystem::path path, const std::byte* data, std::size_t size)
        : path_(std::move(path)), data_(data), size_(size) {}

    std::filesystem::path path_;
    const std::byte* data_;
    std::size_t size_;
};

}  // namespace espalier
