#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace espalier::models {

/// A folder for one test that goes away with the object.
class TemporaryFolder {
  public:
    TemporaryFolder() {
        static int count = 0;
        path_ = std::filesystem::path(testing::TempDir()) /
                ("espalier-models-" + std::to_string(::getpid()) + "-" + std::to_string(count++));
        std::filesystem::create_directories(path_);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder() { std::filesystem::remove_all(path_); }

    const std::filesystem::path& path() const { return path_; }

    void write(const char* file, std::string_view content) const {
        std::ofstream(path_ / file, std::ios::binary | std::ios::trunc) << content;
    }

  private:
    std::filesystem::path path_;
};

}  // namespace espalier::models
