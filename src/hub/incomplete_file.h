#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "hub/digest.h"
#include "hub/directory.h"

namespace espalier::hub {

/// The part of a blob that has arrived, in "NAME.incomplete" among the blobs, where it outlives the program
/// and is gone on with. Its hash is computed as it grows.
class IncompleteFile {
  public:
    /// Opens what an earlier download left, ours or huggingface_hub's, or begins one.
    IncompleteFile(const Directory& blobs, const std::string& etag, std::int64_t bytes);

    std::int64_t size() const { return size_; }
    std::int64_t missing() const { return bytes_ - size_; }

    /// Throws when the content would become longer than it should, or there is no space; what was written
    /// before stays.
    void append(std::string_view piece);
    void restart();

    /// Whether the content is complete and has the hash that the etag says, where it says one. Ends the hash:
    /// only restart() may follow, or what decides its fate.
    bool verify();
    /// What verify() computed; empty for an etag that is no hash.
    const std::string& computed() const { return computed_; }

    /// Makes the content durable and gives it its name among the blobs.
    void keep();
    void discard();

  private:
    void read_existing();

    const Directory& blobs_;
    std::string etag_;
    std::string name_;
    std::int64_t bytes_;
    std::int64_t size_ = 0;
    Digest digest_;
    std::string computed_;
    Descriptor file_;
};

}  // namespace espalier::hub
