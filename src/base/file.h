#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace espalier {

/// Reads a whole text file of at most `limit` bytes. Throws Error when it is absent, unreadable or larger.
std::string read_text_file(const std::filesystem::path& path, std::size_t limit = std::size_t{64} << 20);

/// Writes a file so that readers see the old content or all of the new, never a part: a temporary file beside
/// it, synced, then renamed. Throws Error and removes the temporary file when anything fails (no space, no
/// right); where the file system can, it has no name until it is whole, and nothing is left of it either when
/// the process is killed.
void write_file_atomically(const std::filesystem::path& path, std::span<const std::byte> content);
void write_file_atomically(const std::filesystem::path& path, std::string_view content);
/// The same for content that lies in pieces, written one behind the other.
void write_file_atomically(const std::filesystem::path& path,
                           std::span<const std::span<const std::byte>> pieces);

/// SHA-256 of a byte string, as 64 lower-case hexadecimal digits (FIPS 180-4).
std::string sha256(std::span<const std::byte> content);
std::string sha256(std::string_view content);

/// SHA-256 of content that comes in pieces.
class Sha256 {
  public:
    Sha256();
    ~Sha256();
    Sha256(const Sha256&) = delete;
    Sha256& operator=(const Sha256&) = delete;
    void update(std::span<const std::byte> piece);
    /// Of all pieces so far. To be called once.
    std::string hex();

  private:
    struct Context;
    std::unique_ptr<Context> context_;
};

/// SHA-256 of a file's content. Throws Error when it cannot be read.
std::string sha256_of_file(const std::filesystem::path& path);

}  // namespace espalier
