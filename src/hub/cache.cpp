#include "hub/cache.h"

#include <nlohmann/json.hpp>

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "hub/choose.h"

namespace espalier::hub {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kLongestRef = 4096;
constexpr std::size_t kLongestJson = std::size_t{64} << 20;

bool is_file(const fs::path& path) {
    std::error_code ignored;
    return fs::is_regular_file(path, ignored);
}

/// A small file, or nothing where it cannot be read: a damaged cache is an incomplete one.
std::optional<std::string> text_of(const fs::path& path, std::size_t limit) {
    if (!is_file(path)) return std::nullopt;
    try {
        return read_text_file(path, limit);
    } catch (const Error&) {
        return std::nullopt;
    }
}

/// Names of the files of a snapshot, below folders too; those that lead nowhere are left out.
std::vector<std::string> files_of(const fs::path& snapshot) {
    std::vector<std::string> names;
    std::error_code problem;
    fs::recursive_directory_iterator entry(snapshot, problem);
    for (; !problem && entry != fs::recursive_directory_iterator(); entry.increment(problem)) {
        if (is_file(entry->path()))
            names.push_back(entry->path().lexically_relative(snapshot).generic_string());
    }
    return names;
}

/// Whether every shard that the index names is there.
bool has_shards(const fs::path& index, const std::vector<std::string>& names) {
    const json document = json::parse(text_of(index, kLongestJson).value_or(""), nullptr, false);
    const auto map = document.is_object() ? document.find("weight_map") : document.end();
    if (map == document.end() || !map->is_object()) return false;
    return std::all_of(map->begin(), map->end(), [&](const json& shard) {
        return shard.is_string() &&
               std::find(names.begin(), names.end(), shard.get<std::string>()) != names.end();
    });
}

/// Whether the repository is known to lack `file`: by a marker, or by the list of files that newer versions
/// of huggingface_hub keep of each commit.
bool known_absent(const fs::path& repository, const std::string& commit, const std::string& file) {
    if (is_file(repository / ".no_exist" / commit / file)) return true;
    const auto text = text_of(repository / "trees" / (commit + ".json"), kLongestJson);
    const json tree = json::parse(text.value_or(""), nullptr, false);
    if (!tree.is_object() || tree.value("format_version", json()) != 1) return false;
    const auto files = tree.find("files");
    return files != tree.end() && files->is_object() && !files->contains(file);
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

/// Whether the settings and all weights are there.
bool is_complete(const fs::path& snapshot, const Choice& choice, const std::vector<std::string>& names) {
    const bool described = contains(choice.settings, "config.json") ||
                           contains(choice.settings, "espalier.json") ||
                           contains(choice.weights, "model.onnx");
    if (!described || choice.weights.empty()) return false;
    return choice.index.empty() || has_shards(snapshot / choice.index, names);
}

}  // namespace

fs::path repository_folder(const Settings& settings, const Reference& reference) {
    return settings.cache / folder_name(reference);
}

std::optional<std::string> cached_commit(const Settings& settings, const Reference& reference) {
    if (is_commit(reference.revision)) return reference.revision;
    auto text = text_of(repository_folder(settings, reference) / "refs" / reference.revision, kLongestRef);
    if (!text) return std::nullopt;
    while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) text->pop_back();
    // Anything else in a file of refs/ could lead out of snapshots/.
    return is_commit(*text) ? text : std::nullopt;
}

std::optional<CachedModel> find_cached(const Settings& settings, const Reference& reference) {
    const auto commit = cached_commit(settings, reference);
    if (!commit) return std::nullopt;
    const fs::path repository = repository_folder(settings, reference);
    const fs::path snapshot = repository / "snapshots" / *commit;
    const auto names = files_of(snapshot);
    const Choice choice = choose_files(names);
    if (!is_complete(snapshot, choice, names)) return std::nullopt;
    std::vector<std::string> files = choice.settings;
    files.insert(files.end(), choice.weights.begin(), choice.weights.end());
    const bool known = contains(names, kProcessorFile) || known_absent(repository, *commit, kProcessorFile);
    return CachedModel{snapshot, *commit, std::move(files), known};
}

}  // namespace espalier::hub
