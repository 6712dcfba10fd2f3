#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "formats/json_document.h"
#include "formats/onnx/import.h"
#include "graph/learned.h"
#include "models/loaders.h"
#include "passes/recognize/recognize.h"

namespace espalier::models {
namespace {

/// The size that the JSON files beside the model name, for models that leave it open.
std::optional<Pixels> declared_size(const Folder& folder, const datasets::ProcessorConfig& processor) {
    if (const auto size = size_of(processor)) return size;
    if (folder.config && folder.config->has("image_size")) return folder.config->pixels("image_size", 224);
    return std::nullopt;
}

std::vector<std::string> numbered_labels(std::int64_t classes) {
    std::vector<std::string> labels;
    for (std::int64_t i = 0; i < classes; ++i) labels.push_back(fmt::format("LABEL_{}", i));
    return labels;
}

}  // namespace

Model load_onnx(const Folder& folder, const std::string& file, std::vector<std::string>& files) {
    files.push_back(file);
    Model model;
    model.processor = read_processor(folder, std::nullopt);
    const auto size = declared_size(folder, model.processor).value_or(Pixels{});
    const graph::Graph imported = formats::import_onnx(folder.path / file, {size.height, size.width});
    graph::verify(imported);
    std::vector<passes::PassRecord> records;
    model.graph = passes::run_passes(imported, passes::recognition_passes(), records);
    for (const passes::PassRecord& record : records) {
        if (record.changes > 0)
            model.notes.push_back(fmt::format("{}: {} times.", record.name, record.changes));
    }
    model.parameters = graph::learned_parameters(model.graph);
    const std::string type = folder.model_type();
    model.architecture = type.empty() ? "onnx" : type;
    const auto labels = folder.config ? folder.config->labels() : std::nullopt;
    model.labels = labels.value_or(numbered_labels(model.classes()));
    if (file == kOnnxFile && folder.has(kProvenanceFile)) {
        const auto path = folder.path / kProvenanceFile;
        model.provenance_json = formats::parse_json(read_text_file(path), path.string()).dump();
    }
    if (!labels) model.notes.push_back("No id2label was found: the classes are numbered.");
    return model;
}

}  // namespace espalier::models
