#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace espalier::meters {

/// What came of reading one small file: its text, or the errno that prevented it.
struct FileContent {
    std::string text;  ///< without trailing white space
    int error = 0;     ///< 0, or ENOENT, EACCES, EIO, ...

    bool ok() const { return error == 0; }
};

/// What came of reading a register: its value, or the errno that prevented it.
struct RegisterContent {
    std::uint64_t value = 0;
    int error = 0;  ///< 0, or ENOENT, EACCES, EIO, ...

    bool ok() const { return error == 0; }
};

/// The files of /sys, /proc and /dev that meters read. An interface, so that tests can present any machine.
/// Paths are relative to the root: "sys/class/powercap", "proc/stat".
class FileTree {
  public:
    virtual ~FileTree() = default;
    /// Reads at most 1 MiB.
    virtual FileContent read(const std::filesystem::path& path) const = 0;
    /// Reads the 8 bytes at `offset` of a device file whose offsets are the numbers of registers, such as
    /// /dev/cpu/0/msr. Fewer than 8 bytes count as EIO.
    virtual RegisterContent read_register(const std::filesystem::path& path, std::uint64_t offset) const = 0;
    /// Sorted names of a folder's entries; empty where it cannot be listed.
    virtual std::vector<std::string> list(const std::filesystem::path& path) const = 0;
    virtual bool exists(const std::filesystem::path& path) const = 0;
    /// The path as a user would type it, for messages.
    virtual std::string display(const std::filesystem::path& path) const = 0;
};

/// The machine's own files, or those under another root.
class SystemFiles final : public FileTree {
  public:
    explicit SystemFiles(std::filesystem::path root = "/") : root_(std::move(root)) {}

    FileContent read(const std::filesystem::path& path) const override;
    RegisterContent read_register(const std::filesystem::path& path, std::uint64_t offset) const override;
    std::vector<std::string> list(const std::filesystem::path& path) const override;
    bool exists(const std::filesystem::path& path) const override;
    std::string display(const std::filesystem::path& path) const override;

  private:
    std::filesystem::path root_;
};

}  // namespace espalier::meters
