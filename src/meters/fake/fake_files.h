#pragma once

#include <functional>
#include <map>
#include <string>

#include "meters/file_tree.h"

namespace espalier::meters {

/// A tree of files in memory that can present any machine: fixed texts, texts computed at each read, and
/// errors.
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
    /// Removes the file, or everything below the folder.
    void remove(const std::string& path);

    FileContent read(const std::filesystem::path& path) const override;
    std::vector<std::string> list(const std::filesystem::path& path) const override;
    bool exists(const std::filesystem::path& path) const override;
    std::string display(const std::filesystem::path& path) const override {
        return (std::filesystem::path("/") / path).string();
    }

  private:
    std::map<std::string, std::function<FileContent()>> files_;
};

}  // namespace espalier::meters
