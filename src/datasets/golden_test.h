#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "datasets/image.h"

namespace espalier::datasets {

/// Where the goldens and their scripts' names are: tools/goldens/resize.py and images.py.
inline std::filesystem::path golden_dir() {
    return std::filesystem::path(ESPALIER_SOURCE_DIR) / "src" / "datasets" / "goldens";
}

/// The rows of a tab-separated file below its heading.
inline std::vector<std::vector<std::string>> read_rows(const std::filesystem::path& path) {
    std::ifstream file(path);
    if (!file) fail("{} cannot be read", path.string());
    std::vector<std::vector<std::string>> rows;
    std::string line;
    for (std::getline(file, line); std::getline(file, line);) {
        rows.emplace_back();
        std::istringstream fields(line);
        for (std::string field; std::getline(fields, field, '\t');) rows.back().push_back(field);
    }
    return rows;
}

/// First 16 digits of the SHA-256 of an image's bytes.
inline std::string digest(const Image& image) {
    return sha256(std::as_bytes(std::span(image.pixels))).substr(0, 16);
}

/// The noise of tools/goldens/resize.py.
inline Image noise(int height, int width, int channels, std::uint64_t seed) {
    Image image = Image::make(height, width, channels);
    for (std::size_t i = 0; i < image.pixels.size(); ++i) {
        std::uint32_t x = static_cast<std::uint32_t>((i + seed * 7919) * 2654435761u);
        x = (x ^ (x >> 15)) * 2246822519u;
        image.pixels[i] = static_cast<std::uint8_t>(x >> 24);
    }
    return image;
}

}  // namespace espalier::datasets
