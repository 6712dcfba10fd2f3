#include "models/exported_folder.h"

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "formats/json_document.h"
#include "models/folder.h"

namespace espalier::models {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// A folder beside the target that is removed unless it was moved away.
class Draft {
  public:
    explicit Draft(const fs::path& target)
        : path_(target.parent_path() /
                fmt::format(".{}.partial.{}", target.filename().string(), ::getpid())) {
        fs::create_directories(path_);
    }
    Draft(const Draft&) = delete;
    Draft& operator=(const Draft&) = delete;
    ~Draft() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    const fs::path& path() const { return path_; }

  private:
    fs::path path_;
};

bool is_empty_or_absent(const fs::path& target) {
    return !fs::exists(target) || (fs::is_directory(target) && fs::is_empty(target));
}

void check_target(const fs::path& target, bool force) {
    if (is_empty_or_absent(target)) return;
    if (!fs::exists(target / kExportFile) && !fs::exists(target / kProvenanceFile)) {
        fail_usage("{} exists and is not an exported model; choose another folder", target.string());
    }
    if (!force) {
        fail_usage("{} already holds an exported model; remove it, choose another folder, or use --force",
                   target.string());
    }
}

}  // namespace

std::string config_text(const Model& model) {
    json config = json::object();
    if (!model.config_json.empty()) config = formats::parse_json(model.config_json, "config.json");
    json labels = json::object();
    for (std::size_t i = 0; i < model.labels.size(); ++i) labels[std::to_string(i)] = model.labels[i];
    config["id2label"] = std::move(labels);
    return config.dump(1);
}

void write_folder(const fs::path& folder, bool force,
                  const std::function<void(const fs::path& draft)>& fill) {
    fs::path target = fs::absolute(folder).lexically_normal();
    if (!target.has_filename()) target = target.parent_path();
    try {
        check_target(target, force);
        const Draft draft(target);
        fill(draft.path());
        if (!is_empty_or_absent(target)) {
            const Draft old(target.parent_path() / (target.filename().string() + ".old"));
            fs::rename(target, old.path() / "replaced");
        }
        fs::rename(draft.path(), target);
    } catch (const fs::filesystem_error& error) {
        fail("cannot write the model to {}: {}", target.string(), error.code().message());
    }
}

}  // namespace espalier::models
