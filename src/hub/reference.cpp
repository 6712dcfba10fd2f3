#include "hub/reference.h"

#include <algorithm>

#include "base/error.h"
#include "hub/printable.h"

namespace espalier::hub {
namespace {

constexpr std::string_view kScheme = "hf://";
constexpr std::size_t kLongestId = 96;          // the Hub's own limit, for each part
constexpr std::size_t kLongestComponent = 255;  // NAME_MAX of Linux
constexpr std::size_t kLongestPath = 1024;
constexpr std::string_view kHexDigits = "0123456789abcdef";

bool is_alphanumeric(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

/// Letters, digits, "-", "_", "."; begins and ends with a letter, a digit or "_"; neither "--" nor "..".
bool is_name(std::string_view name) {
    const auto edge = [](char c) { return is_alphanumeric(c) || c == '_'; };
    const auto inner = [&](char c) { return edge(c) || c == '-' || c == '.'; };
    return !name.empty() && name.size() <= kLongestId && edge(name.front()) && edge(name.back()) &&
           std::all_of(name.begin(), name.end(), inner) && !contains(name, "--") && !contains(name, "..");
}

bool is_id(std::string_view id) {
    const auto slash = id.find('/');
    if (id.ends_with(".git")) return false;
    if (slash == std::string_view::npos) return is_name(id);
    return is_name(id.substr(0, slash)) && is_name(id.substr(slash + 1));
}

/// Whether every part between slashes is a plain name.
bool is_relative_path(std::string_view path) {
    if (path.empty() || path.size() > kLongestPath) return false;
    if (std::any_of(path.begin(), path.end(), [](char c) { return is_control(c) || c == '\\'; }))
        return false;
    while (true) {
        const auto slash = path.find('/');
        const auto part = path.substr(0, slash);
        if (part.empty() || part == "." || part == ".." || part.size() > kLongestComponent) return false;
        if (slash == std::string_view::npos) return true;
        path.remove_prefix(slash + 1);
    }
}

/// The revision becomes a path below refs/, so it must be one; the rest follows git check-ref-format.
bool is_revision(std::string_view revision) {
    return is_relative_path(revision) && !contains(revision, "..") && revision.front() != '-' &&
           revision.find_first_of(" ~^:?*[@") == std::string_view::npos;
}

}  // namespace

Reference parse_reference(std::string_view text) {
    std::string_view rest = text;
    if (rest.starts_with(kScheme)) rest.remove_prefix(kScheme.size());
    Reference reference;
    if (const auto at = rest.find('@'); at != std::string_view::npos) {
        reference.revision = rest.substr(at + 1);
        rest = rest.substr(0, at);
        if (!is_revision(reference.revision)) {
            fail_usage("'{}' is no revision; give a branch, a tag, refs/pr/N or a commit after '@'",
                       printable(reference.revision));
        }
    }
    reference.id = rest;
    if (!is_id(rest)) {
        fail_usage("'{}' is no model on the Hub; its name is ORGANIZATION/NAME, with @REVISION or not",
                   printable(text));
    }
    return reference;
}

bool looks_like_reference(std::string_view text) {
    if (text.starts_with(kScheme)) return true;
    const std::string_view id = text.substr(0, text.find('@'));
    return contains(id, "/") && is_id(id);
}

bool is_commit(std::string_view revision) {
    return revision.size() == 40 && revision.find_first_not_of(kHexDigits) == std::string_view::npos;
}

std::string folder_name(const Reference& reference) {
    std::string name = "models--" + reference.id;
    if (const auto slash = name.find('/'); slash != std::string::npos) name.replace(slash, 1, "--");
    return name;
}

void check_file_name(std::string_view file) {
    if (is_relative_path(file)) return;
    fail("the repository holds a file named '{}', which could be written outside the cache; it is refused",
         printable(file));
}

}  // namespace espalier::hub
