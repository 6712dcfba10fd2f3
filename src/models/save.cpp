#include "models/save.h"

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "formats/json_document.h"
#include "formats/safetensors/safetensors.h"
#include "graph/json.h"
#include "models/folder.h"

namespace espalier::models {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

formats::TensorMap constants_of(const graph::Graph& graph) {
    formats::TensorMap tensors;
    for (const graph::Node& node : graph.nodes()) {
        if (std::holds_alternative<graph::Constant>(node.op)) tensors.emplace(node.name, node.value);
    }
    return tensors;
}

/// The original configuration with the labels, which it may have lacked.
std::string config_text(const Model& model) {
    json config = json::object();
    if (!model.config_json.empty()) config = formats::parse_json(model.config_json, "config.json");
    json labels = json::object();
    for (std::size_t i = 0; i < model.labels.size(); ++i) labels[std::to_string(i)] = model.labels[i];
    config["id2label"] = std::move(labels);
    return config.dump(1);
}

void write_files(const Model& model, const json& provenance, const fs::path& folder) {
    const json document = {
        {"schema", kModelSchema}, {"name", model.name},       {"architecture", model.architecture},
        {"origin", model.origin}, {"parameters", model.parameters}, {"provenance", provenance}, {"graph", graph::to_json(model.graph)}};
    formats::write_safetensors(folder / kWeightsFile, constants_of(model.graph), {{"format", "espalier"}});
    write_file_atomically(folder / kConfigFile, config_text(model));
    write_file_atomically(folder / kProcessorFile, datasets::to_json_text(model.processor));
    write_file_atomically(folder / kExportFile, document.dump(1));
}

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

void check_target(const fs::path& target, const SaveOptions& options) {
    if (is_empty_or_absent(target)) return;
    if (!fs::exists(target / kExportFile)) {
        fail_usage("{} exists and is not an exported model; choose another folder", target.string());
    }
    if (!options.force) {
        fail_usage("{} already holds an exported model; remove it, choose another folder, or use --force",
                   target.string());
    }
}

}  // namespace

void save_model(const Model& model, const json& provenance, const fs::path& folder,
                const SaveOptions& options) {
    fs::path target = fs::absolute(folder).lexically_normal();
    if (!target.has_filename()) target = target.parent_path();
    try {
        check_target(target, options);
        const Draft draft(target);
        write_files(model, provenance, draft.path());
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
