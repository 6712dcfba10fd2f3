#include "datasets/dataset.h"

#include "base/error.h"
#include "base/file.h"

namespace espalier::datasets {
namespace {

std::string sha256_of(const Sample& sample) {
    if (const auto* encoded = std::get_if<std::vector<std::byte>>(&sample.content)) return sha256(*encoded);
    return sha256(std::as_bytes(std::span(std::get<Image>(sample.content).pixels)));
}

}  // namespace

Image decode(const Sample& sample) {
    if (const auto* encoded = std::get_if<std::vector<std::byte>>(&sample.content)) {
        return decode_image(*encoded, sample.name);
    }
    return std::get<Image>(sample.content);
}

std::vector<std::string> image_sha256s(const Dataset& dataset) {
    std::vector<std::string> hashes;
    for (std::int64_t i = 0; i < dataset.size(); ++i) hashes.push_back(sha256_of(dataset.sample(i)));
    return hashes;
}

std::string content_sha256(const Dataset& dataset) {
    std::string lines;
    for (std::int64_t i = 0; i < dataset.size(); ++i) {
        const Sample sample = dataset.sample(i);
        lines += fmt::format("{}\t{}\t{}\n", sample.name, sample.label, sha256_of(sample));
    }
    return sha256(lines);
}

}  // namespace espalier::datasets
