#include "models/save.h"

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "formats/json_document.h"
#include "formats/safetensors/safetensors.h"
#include "graph/json.h"
#include "models/exported_folder.h"
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

void write_files(const Model& model, const json& provenance, const fs::path& folder) {
    const json document = {{"schema", kModelSchema},
                           {"name", model.name},
                           {"architecture", model.architecture},
                           {"origin", model.origin},
                           {"parameters", model.parameters},
                           {"provenance", provenance},
                           {"graph", graph::to_json(model.graph)}};
    formats::write_safetensors(folder / kWeightsFile, constants_of(model.graph), {{"format", "espalier"}});
    write_file_atomically(folder / kConfigFile, config_text(model));
    write_file_atomically(folder / kProcessorFile, datasets::to_json_text(model.processor));
    write_file_atomically(folder / kExportFile, document.dump(1));
}

}  // namespace

void save_model(const Model& model, const json& provenance, const fs::path& folder,
                const SaveOptions& options) {
    write_folder(folder, options.force,
                 [&](const fs::path& draft) { write_files(model, provenance, draft); });
}

}  // namespace espalier::models
