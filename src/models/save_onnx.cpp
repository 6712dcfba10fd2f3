#include "models/save_onnx.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "formats/onnx/export.h"
#include "models/exported_folder.h"
#include "models/folder.h"

namespace espalier::models {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// What a viewer of the file shows at a glance, and the whole as JSON.
formats::OnnxExportOptions options_of(const Model& model, const json& provenance) {
    formats::OnnxExportOptions options;
    options.metadata = {
        {"source", model.origin}, {"sha256", model.sha256}, {"provenance", provenance.dump()}};
    for (const char* key : {"made_by", "tactic"}) {
        if (provenance.contains(key)) options.metadata[key] = provenance.at(key).get<std::string>();
    }
    return options;
}

void check_target(const fs::path& file, const SaveOptions& options) {
    if (!fs::exists(file)) return;
    if (!fs::is_regular_file(file) || formats::onnx_producer(file) != formats::kOnnxProducer) {
        fail_usage("{} exists and is not an exported model; choose another name", file.string());
    }
    if (!options.force) {
        fail_usage("{} already holds an exported model; remove it, choose another name, or use --force",
                   file.string());
    }
}

}  // namespace

void save_onnx_folder(const Model& model, const json& provenance, const fs::path& folder,
                      const SaveOptions& options) {
    write_folder(folder, options.force, [&](const fs::path& draft) {
        formats::export_onnx(model.graph, draft / kOnnxFile, options_of(model, provenance));
        write_file_atomically(draft / kConfigFile, config_text(model));
        write_file_atomically(draft / kProcessorFile, datasets::to_json_text(model.processor));
        write_file_atomically(draft / kProvenanceFile, provenance.dump(1));
    });
}

void save_onnx_file(const Model& model, const json& provenance, const fs::path& file,
                    const SaveOptions& options) {
    try {
        check_target(file, options);
        formats::export_onnx(model.graph, file, options_of(model, provenance));
    } catch (const fs::filesystem_error& error) {
        fail("cannot write the model to {}: {}", file.string(), error.code().message());
    }
}

}  // namespace espalier::models
