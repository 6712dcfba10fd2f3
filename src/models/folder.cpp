#include "models/folder.h"

#include "base/error.h"
#include "base/file.h"

namespace espalier::models {
namespace {

/// Configurations of models with 22,000 labels take 2 MB.
constexpr std::size_t kMostConfigBytes = std::size_t{16} << 20;

}  // namespace

Folder Folder::open(const std::filesystem::path& path) {
    if (!std::filesystem::is_directory(path)) {
        fail("there is no model folder {}; give a folder with config.json and weights, or an .onnx file",
             path.string());
    }
    Folder folder{path, "", std::nullopt};
    if (folder.has(kConfigFile)) {
        folder.config_json = read_text_file(path / kConfigFile, kMostConfigBytes);
        folder.config.emplace(folder.config_json, (path / kConfigFile).string());
    }
    return folder;
}

std::string Folder::model_type() const {
    if (!config) return "";
    const bool timm = config->has("architecture") && config->has("pretrained_cfg");
    return config->text("model_type", timm ? "timm_wrapper" : "");
}

void set_origin(Model& model, const Folder& folder) {
    namespace fs = std::filesystem;
    fs::path place = fs::absolute(folder.path).lexically_normal();
    if (!place.has_filename()) place = place.parent_path();
    model.name = place.filename().string();
    model.origin = place.string();
    const std::string repository = place.parent_path().parent_path().filename().string();
    constexpr std::string_view kPrefix = "models--";
    if (place.parent_path().filename() != "snapshots" || !repository.starts_with(kPrefix)) return;
    std::string name = repository.substr(kPrefix.size());
    if (const auto dashes = name.find("--"); dashes != std::string::npos) {
        name = fmt::format("{}/{}", name.substr(0, dashes), name.substr(dashes + 2));
    }
    model.origin = fmt::format("{}@{}", name, model.name);
    model.name = name;
}

std::optional<Pixels> size_of(const datasets::ProcessorConfig& processor) {
    if (processor.crop) return Pixels{processor.crop->height, processor.crop->width};
    if (!processor.resize) return std::nullopt;
    if (processor.shortest_edge) return std::nullopt;
    return Pixels{processor.resize_extent.height, processor.resize_extent.width};
}

datasets::ProcessorConfig read_processor(const Folder& folder, std::optional<Pixels> size) {
    const std::filesystem::path path = folder.path / kProcessorFile;
    const std::string type = folder.model_type();
    if (folder.has(kProcessorFile)) {
        return datasets::parse_processor(read_text_file(path, kMostConfigBytes), path.string(), type);
    }
    if (type == "timm_wrapper") {
        return datasets::parse_processor(folder.config_json, (folder.path / kConfigFile).string(), type);
    }
    const std::string source = fmt::format("{} (absent)", path.string());
    const auto standard = datasets::parse_processor("{}", source, type);
    if (!size || size_of(standard) == size || size->height != size->width) return standard;
    const std::string text = fmt::format(R"({{"size": {0}, "crop_size": {0}}})", size->height);
    return datasets::parse_processor(text, source, type);
}

std::string hash_files(const std::filesystem::path& folder, const std::vector<std::string>& files) {
    std::string text;
    for (const std::string& file : files) {
        if (!std::filesystem::exists(folder / file)) continue;
        text += fmt::format("{}  {}\n", sha256_of_file(folder / file), file);
    }
    return sha256(text);
}

}  // namespace espalier::models
