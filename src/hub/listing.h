#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace espalier::hub {

/// One file of a repository, as the Hub lists it.
struct ListedFile {
    std::string path;                   ///< as the server wrote it: hostile until check_file_name() passed
    std::optional<std::int64_t> bytes;  ///< absent where the server does not say
    std::string hash;                   ///< SHA-256 of large files, git's hash of others; empty: not said
};

/// A revision of a repository.
struct Listing {
    std::string commit;
    std::vector<ListedFile> files;
};

/// Reads the answer to /api/models/ID/revision/REVISION?blobs=true. Throws Error when it is no such answer or
/// lists more files than any model has; `source` names the answer.
Listing parse_listing(std::string_view json, const std::string& source);

}  // namespace espalier::hub
