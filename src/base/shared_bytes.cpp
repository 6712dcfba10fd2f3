#include "base/shared_bytes.h"

#include <string>

#include "base/mapped_file.h"

namespace espalier {

SharedBytes SharedBytes::of_file(const std::filesystem::path& path) {
    auto file = MappedFile::open(path);
    const auto bytes = file->bytes();
    return {bytes, std::move(file)};
}

SharedBytes SharedBytes::copy_of(std::string_view content) {
    auto copy = std::make_shared<const std::string>(content);
    const auto bytes = std::as_bytes(std::span(*copy));
    return {bytes, std::move(copy)};
}

}  // namespace espalier
