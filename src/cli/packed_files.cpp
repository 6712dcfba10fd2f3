#include "cli/packed_files.h"

#include <unistd.h>

#include <algorithm>
#include <CLI/CLI.hpp>

namespace espalier::cli {
namespace {

namespace fs = std::filesystem;

/// What `path` is called inside of `folder`; empty where it is not inside.
fs::path inside(const fs::path& path, const fs::path& folder) {
    std::error_code ignored;
    const fs::path relative =
        fs::weakly_canonical(path, ignored).lexically_relative(fs::weakly_canonical(folder, ignored));
    return relative.empty() || *relative.begin() == ".." || relative == "." ? fs::path() : relative;
}

/// Whether the folder is there, or there is one above it to make it in.
bool can_be(fs::path folder) {
    std::error_code ignored;
    if (fs::is_directory(folder, ignored)) return true;
    while (!fs::exists(folder, ignored) && folder.has_relative_path()) folder = folder.parent_path();
    return fs::is_directory(folder, ignored) && ::access(folder.c_str(), W_OK) == 0;
}

}  // namespace

void add_packed_weights_option(CLI::App& command, std::string& choice) {
    command
        .add_option(
            "--packed-weights", choice,
            "Where weights are kept as the kernels read them, so that later starts need not pack them: "
            "auto (beside the model), off, or a folder")
        ->capture_default_str();
}

engine::PackedFiles packed_files(const std::string& choice, const fs::path& model, const Globals& globals,
                                 const Environment& environment) {
    if (choice == "off") return {};
    if (choice != "auto") return {.folder = choice, .least_bytes = 0};
    std::error_code ignored;
    const fs::path at = fs::absolute(model, ignored);
    fs::path folder = (fs::is_directory(at, ignored) ? at : at.parent_path()) / ".espalier" / "packed";
    if (const fs::path on_hub = inside(at, hub_settings(globals, environment).cache); !on_hub.empty())
        folder = fs::path(cache_home(environment)) / "espalier" / "packed" / *on_hub.begin();
    if (!can_be(folder)) return {};
    return {.folder = folder};
}

}  // namespace espalier::cli
