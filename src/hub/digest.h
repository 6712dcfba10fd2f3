#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace espalier::hub {

/// What the name of a blob says about its content: the Hub names large files by their SHA-256 (64 digits) and
/// those in git by git's object hash (40 digits), the SHA-1 over "blob SIZE\0" and the content.
enum class DigestKind { kSha256, kGitBlob, kUnknown };

DigestKind digest_kind(std::string_view etag);

/// A hash computed as bytes arrive. With kUnknown it is empty, and nothing can be said about the content.
class Digest {
  public:
    /// `size` is that of the whole content, which git's hash begins with.
    Digest(DigestKind kind, std::int64_t size);
    ~Digest();
    Digest(const Digest&) = delete;
    Digest& operator=(const Digest&) = delete;

    void restart();
    void update(std::string_view bytes);
    /// Lower-case hexadecimal digits. The digest must be restarted before it is used again.
    std::string hex();

  private:
    struct Context;
    DigestKind kind_;
    std::int64_t size_;
    std::unique_ptr<Context> context_;
};

}  // namespace espalier::hub
