#include "hub/listing.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "hub/reference.h"

namespace espalier::hub {
namespace {

using nlohmann::json;

constexpr std::size_t kMostFiles = 100'000;

/// The text at `key`, or an empty one.
std::string text_at(const json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::optional<std::int64_t> bytes_at(const json& object, const char* key) {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_number_unsigned()) return std::nullopt;
    const auto bytes = found->get<std::uint64_t>();
    if (bytes > std::uint64_t{1} << 50) return std::nullopt;
    return static_cast<std::int64_t>(bytes);
}

ListedFile read_file(const json& sibling) {
    ListedFile file{text_at(sibling, "rfilename"), bytes_at(sibling, "size"), text_at(sibling, "blobId")};
    const auto lfs = sibling.find("lfs");
    if (lfs == sibling.end() || !lfs->is_object()) return file;
    file.hash = text_at(*lfs, "sha256");
    if (const auto bytes = bytes_at(*lfs, "size")) file.bytes = bytes;
    return file;
}

}  // namespace

Listing parse_listing(std::string_view text, const std::string& source) {
    const json document = json::parse(text, nullptr, false);
    if (!document.is_object()) fail("{} answered with something that is no JSON object", source);
    Listing listing{text_at(document, "sha"), {}};
    if (!is_commit(listing.commit)) fail("{} names no commit ('sha'); is this a Hub?", source);
    const auto siblings = document.find("siblings");
    if (siblings == document.end() || !siblings->is_array()) fail("{} lists no files ('siblings')", source);
    if (siblings->size() > kMostFiles) {
        fail("{} lists {} files, more than any model has", source, siblings->size());
    }
    for (const json& sibling : *siblings) {
        if (sibling.is_object()) listing.files.push_back(read_file(sibling));
    }
    return listing;
}

}  // namespace espalier::hub
