#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace espalier {

/// A new, empty folder among the system's temporary ones (TMPDIR), which is removed with everything in it.
class TemporaryFolder {
  public:
    /// Throws Error when it cannot be made.
    TemporaryFolder();
    ~TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    const std::filesystem::path& path() const { return path_; }
    /// The path of a file in it.
    std::filesystem::path operator/(const std::string& file) const { return path_ / file; }
    /// Makes the file, or replaces what is in it; its path. Throws Error when it cannot be written.
    std::filesystem::path write(const std::string& file, std::string_view content) const;

  private:
    std::filesystem::path path_;
};

}  // namespace espalier
