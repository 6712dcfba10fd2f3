#pragma once

#include <functional>
#include <map>
#include <string>

#include "meters/file_tree.h"

namespace espalier::meters {

/// A tree of files in memory that can present any machine: fixed texts, texts computed at each read,
/// registers, and errors.
class FakeFiles final : public FileTree {
  public:
    void set(const std::string& path, std::string text) {
        files_[path] = [text = std::move(text)] { return FileContent{text, 0}; };
    }
    /// The text is asked for at each read.
    void set_live(const std::string& path, std::function<std::string()> text) {
        files_[path] = [text = std::move(text)] { return FileContent{text(), 0}; };
    }
    /// Every read of the file fails with this errno.
    void set_error(const std::string& path, int error) {
        files_[path] = [error] { return FileContent{"", error}; };
    }
    /// A register of a device file, whose value is asked for at each read.
    void set_register(const std::string& path, std::uint64_t offset, std::function<std::uint64_t()> value) {
        registers_[{path, offset}] = [value = std::move(value)] { return RegisterContent{value(), 0}; };
    }
    /// Every read of the register fails with this errno.
    void set_register_error(const std::string& path, std::uint64_t offset, int error) {
        registers_[{path, offset}] = [error] { return RegisterContent{0, error}; };
    }
    /// What every read of the file, and of its registers, comes to until it is repaired.
    void disturb(const std::string& path, FileContent instead) { disturbed_[path] = std::move(instead); }
    void repair(const std::string& path) { disturbed_.erase(path); }
    /// Removes the file, or everything below the folder.
    void remove(const std::string& path);

    FileContent read(const std::filesystem::path& path) const override;
    /// A register that was not set fails with EIO, as those that a processor lacks do; ENOENT without any.
    RegisterContent read_register(const std::filesystem::path& path, std::uint64_t offset) const override;
    std::vector<std::string> list(const std::filesystem::path& path) const override;
    bool exists(const std::filesystem::path& path) const override;
    std::string display(const std::filesystem::path& path) const override {
        return (std::filesystem::path("/") / path).string();
    }

  private:
    std::map<std::string, std::function<FileContent()>> files_;
    std::map<std::pair<std::string, std::uint64_t>, std::function<RegisterContent()>> registers_;
    std::map<std::string, FileContent> disturbed_;
};

}  // namespace espalier::meters
