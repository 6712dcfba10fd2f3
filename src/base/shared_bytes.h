#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>

namespace espalier {

/// Bytes together with what keeps them alive, so that views of them may outlive their reader.
struct SharedBytes {
    std::span<const std::byte> bytes;
    std::shared_ptr<const void> owner;

    /// A file, mapped. Throws Error when it cannot be.
    static SharedBytes of_file(const std::filesystem::path& path);
    /// A copy of the content.
    static SharedBytes copy_of(std::string_view content);

    /// A part that keeps the whole alive. `offset + size` must lie within.
    SharedBytes part(std::size_t offset, std::size_t size) const {
        return {bytes.subspan(offset, size), owner};
    }
};

}  // namespace espalier
