#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace espalier::hub {

/// A model on the Hub: repository and revision.
struct Reference {
    std::string id;                 ///< "org/name", or "name" for the oldest ones
    std::string revision = "main";  ///< branch, tag, refs/pr/N or commit

    std::string str() const { return revision == "main" ? id : id + "@" + revision; }
};

/// Reads "org/name", "org/name@revision" or either with "hf://" in front. Throws a usage Error for anything
/// that the Hub would not accept as a name, and for what could leave the cache ("..", a leading "/").
Reference parse_reference(std::string_view text);

/// Whether a text that is no local path can be meant as a model on the Hub: "org/name", with "@revision" or
/// not, or anything after "hf://". A single word is not: it is rather a misspelt folder.
bool looks_like_reference(std::string_view text);

/// Whether `revision` is a complete commit hash: 40 lower-case hexadecimal digits.
bool is_commit(std::string_view revision);

/// Name of the repository's folder in the cache: "models--org--name".
std::string folder_name(const Reference& reference);

/// Throws Error unless `file` is a path inside a repository: relative, "/" between plain names, nothing that
/// a file system could take for another place ("..", a backslash, control characters), of bounded length.
void check_file_name(std::string_view file);

}  // namespace espalier::hub
