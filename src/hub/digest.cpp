#include "hub/digest.h"

#include <openssl/evp.h>

#include "base/error.h"

namespace espalier::hub {

struct Digest::Context {
    EVP_MD_CTX* handle = EVP_MD_CTX_new();
    ~Context() { EVP_MD_CTX_free(handle); }
};

DigestKind digest_kind(std::string_view etag) {
    if (etag.find_first_not_of("0123456789abcdef") != std::string_view::npos) return DigestKind::kUnknown;
    if (etag.size() == 64) return DigestKind::kSha256;
    return etag.size() == 40 ? DigestKind::kGitBlob : DigestKind::kUnknown;
}

Digest::Digest(DigestKind kind, std::int64_t size)
    : kind_(kind), size_(size), context_(std::make_unique<Context>()) {
    restart();
}

Digest::~Digest() = default;

void Digest::restart() {
    if (kind_ == DigestKind::kUnknown) return;
    const EVP_MD* algorithm = kind_ == DigestKind::kSha256 ? EVP_sha256() : EVP_sha1();
    if (EVP_DigestInit_ex(context_->handle, algorithm, nullptr) != 1) {
        fail("the cryptographic library refuses the hash that this file is verified by");
    }
    using namespace std::string_view_literals;
    if (kind_ == DigestKind::kGitBlob) update(fmt::format("blob {}{}", size_, "\0"sv));
}

void Digest::update(std::string_view bytes) {
    if (kind_ == DigestKind::kUnknown) return;
    EVP_DigestUpdate(context_->handle, bytes.data(), bytes.size());
}

std::string Digest::hex() {
    if (kind_ == DigestKind::kUnknown) return "";
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    EVP_DigestFinal_ex(context_->handle, digest, &length);
    std::string text;
    for (unsigned int i = 0; i < length; ++i) text += fmt::format("{:02x}", digest[i]);
    return text;
}

}  // namespace espalier::hub
