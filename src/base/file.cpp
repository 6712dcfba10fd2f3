#include "base/file.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <random>

#include "base/error.h"
#include "base/mapped_file.h"

namespace espalier {
namespace {

/// Writes everything; returns 0 or the errno of what failed.
int write_all(int fd, std::span<const std::byte> content) {
    while (!content.empty()) {
        const ssize_t written = ::write(fd, content.data(), content.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return errno;
        content = content.subspan(static_cast<std::size_t>(written));
    }
    return 0;
}

struct TemporaryFile {
    int fd;
    bool is_named;
};

/// A new file on the file system of `path`, without a name where that can be, so that nothing is left of it
/// when this process is killed; else named `temporary`.
TemporaryFile open_temporary(const std::filesystem::path& path, const std::string& temporary) {
    const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
    const int unnamed = ::open(folder.c_str(), O_WRONLY | O_TMPFILE | O_CLOEXEC, 0644);
    if (unnamed >= 0) return {unnamed, false};
    return {::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644), true};
}

/// Returns 0 or errno.
int give_name(int fd, const std::string& name) {
    const std::string open_file = fmt::format("/proc/self/fd/{}", fd);
    return ::linkat(AT_FDCWD, open_file.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0 ? 0 : errno;
}

}  // namespace

std::string read_text_file(const std::filesystem::path& path, std::size_t limit) {
    const auto file = MappedFile::open(path);
    const auto bytes = file->bytes();
    if (bytes.size() > limit) {
        fail("{} is {} bytes long; at most {} bytes were expected", path.string(), bytes.size(), limit);
    }
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void write_file_atomically(const std::filesystem::path& path,
                           std::span<const std::span<const std::byte>> pieces) {
    const std::string temporary = fmt::format("{}.partial.{:08x}", path.string(), std::random_device()());
    const auto [fd, is_named] = open_temporary(path, temporary);
    if (fd < 0) fail("cannot write {}: {}", path.string(), std::strerror(errno));
    int problem = 0;
    for (std::size_t i = 0; i < pieces.size() && problem == 0; ++i) problem = write_all(fd, pieces[i]);
    if (problem == 0 && ::fsync(fd) != 0) problem = errno;
    if (problem == 0 && !is_named) problem = give_name(fd, temporary);
    if (::close(fd) != 0 && problem == 0) problem = errno;
    if (problem == 0 && ::rename(temporary.c_str(), path.c_str()) != 0) problem = errno;
    if (problem != 0) {
        ::unlink(temporary.c_str());
        fail("cannot write {}: {}", path.string(), std::strerror(problem));
    }
}

void write_file_atomically(const std::filesystem::path& path, std::span<const std::byte> content) {
    write_file_atomically(path, std::span(&content, 1));
}

void write_file_atomically(const std::filesystem::path& path, std::string_view content) {
    write_file_atomically(path, std::as_bytes(std::span(content.data(), content.size())));
}

struct Sha256::Context {
    Context() : evp(EVP_MD_CTX_new()) {}
    ~Context() { EVP_MD_CTX_free(evp); }
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;

    EVP_MD_CTX* evp;
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {
    if (EVP_DigestInit_ex(context_->evp, EVP_sha256(), nullptr) != 1) {
        fail("SHA-256 is not available in the cryptographic library");
    }
}

Sha256::~Sha256() = default;

void Sha256::update(std::span<const std::byte> piece) {
    EVP_DigestUpdate(context_->evp, piece.data(), piece.size());
}

std::string Sha256::hex() {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    EVP_DigestFinal_ex(context_->evp, digest, &length);
    std::string text;
    for (unsigned int i = 0; i < length; ++i) text += fmt::format("{:02x}", digest[i]);
    return text;
}

std::string sha256(std::span<const std::byte> content) {
    Sha256 digest;
    digest.update(content);
    return digest.hex();
}

std::string sha256(std::string_view content) {
    return sha256(std::as_bytes(std::span(content.data(), content.size())));
}

std::string sha256_of_file(const std::filesystem::path& path) {
    return sha256(MappedFile::open(path)->bytes());
}

}  // namespace espalier
