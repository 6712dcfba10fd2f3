#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "formats/json_document.h"
#include "formats/safetensors/safetensors.h"
#include "graph/json.h"
#include "graph/learned.h"
#include "models/loaders.h"
#include "models/save.h"

namespace espalier::models {
namespace {

using nlohmann::json;

graph::Graph read_graph(const json& document, const Folder& folder) {
    const auto tensors = formats::read_safetensors(folder.path / kWeightsFile).tensors;
    return graph::graph_from_json(document.at("graph"), [&](const std::string& name) {
        const auto found = tensors.find(name);
        if (found == tensors.end()) fail("model.safetensors lacks the tensor '{}'", name);
        return found->second.to_aligned();
    });
}

}  // namespace

Model load_exported(const Folder& folder, std::vector<std::string>& files) {
    const std::filesystem::path path = folder.path / kExportFile;
    const json document = formats::parse_json(read_text_file(path), path.string());
    files.insert(files.end(), {kExportFile, kWeightsFile});
    try {
        if (document.at("schema") != kModelSchema) {
            fail("the schema is {}, but {} was expected", document.at("schema").dump(), kModelSchema);
        }
        if (!folder.config) fail("config.json, which holds the labels, is missing");
        Model model;
        model.graph = graph::with_batch(read_graph(document, folder), 1);
        model.parameters = document.value("parameters", graph::learned_parameters(model.graph));
        model.architecture = document.at("architecture").get<std::string>();
        model.name = document.at("name").get<std::string>();
        model.origin = document.at("origin").get<std::string>();
        model.provenance_json = document.at("provenance").dump();
        model.labels = folder.config->labels().value_or(std::vector<std::string>{});
        model.processor = read_processor(folder, std::nullopt);
        return model;
    } catch (const json::exception& error) {
        fail("{} is malformed: {}", path.string(), error.what());
    } catch (const Error& error) {
        fail("{}: {}", path.string(), error.what());
    }
}

}  // namespace espalier::models
