#include "models/load.h"

#include "base/error.h"
#include "models/architecture.h"
#include "models/checkpoint.h"
#include "models/loaders.h"

namespace espalier::models {
namespace {

/// No value of a classifier is larger at batch 1; a file that asks for more is broken or hostile.
constexpr std::int64_t kMostElements = std::int64_t{1} << 28;

void check_sizes(const graph::Graph& graph) {
    for (const graph::Node& node : graph.nodes()) {
        if (node.type.shape.elements() > kMostElements) {
            fail("the value '{}' would have {} elements, more than any classifier needs", node.name,
                 node.type.shape.elements());
        }
    }
}

void check_processor(const Model& model) {
    const auto size = size_of(model.processor);
    if (size && !(*size == Pixels{model.height(), model.width()})) {
        fail("the network takes images of {} x {} pixels, but the image processor makes {} x {}",
             model.height(), model.width(), size->height, size->width);
    }
}

void check_labels(const Model& model) {
    if (static_cast<std::int64_t>(model.labels.size()) != model.classes()) {
        fail("there are {} labels, but the network classifies into {}", model.labels.size(), model.classes());
    }
}

Model load_folder(const Folder& folder, const LoadOptions& options, std::vector<std::string>& files) {
    if (options.random_weights || options.blank_weights) return load_hub(folder, options, files);
    if (folder.has(kExportFile)) return load_exported(folder, files);
    const bool known = find_architecture(folder.model_type()) != nullptr;
    const bool weights = has_checkpoint(folder);
    if (folder.has(kOnnxFile) && !(weights && known)) return load_onnx(folder, kOnnxFile, files);
    if (folder.has(kNestedOnnxFile) && !weights) return load_onnx(folder, kNestedOnnxFile, files);
    return load_hub(folder, options, files);
}

}  // namespace

Model load_model(const std::filesystem::path& path, const LoadOptions& options) {
    const bool is_file = std::filesystem::is_regular_file(path);
    if (is_file && path.extension() != ".onnx") {
        fail("{} is a file, but not an .onnx file; give the folder it lies in", path.string());
    }
    const Folder folder = Folder::open(is_file ? std::filesystem::absolute(path).parent_path() : path);
    try {
        std::vector<std::string> files{kConfigFile, kProcessorFile};
        Model model = is_file ? load_onnx(folder, path.filename().string(), files)
                              : load_folder(folder, options, files);
        model.config_json = folder.config_json;
        if (model.name.empty()) set_origin(model, folder);
        check_sizes(model.graph);
        graph::verify(model.graph);
        check_processor(model);
        check_labels(model);
        if (options.hash) model.sha256 = hash_files(folder.path, files);
        return model;
    } catch (const Error& error) {
        const std::string text = error.what();
        if (text.find(folder.path.string()) != std::string::npos) throw;
        fail("{}: {}", folder.path.string(), text);
    }
}

}  // namespace espalier::models
