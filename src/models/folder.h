#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "models/config.h"
#include "models/model.h"

namespace espalier::models {

inline constexpr const char* kConfigFile = "config.json";
inline constexpr const char* kProcessorFile = "preprocessor_config.json";
inline constexpr const char* kWeightsFile = "model.safetensors";
inline constexpr const char* kShardsFile = "model.safetensors.index.json";
inline constexpr const char* kPytorchFile = "pytorch_model.bin";
inline constexpr const char* kPytorchShardsFile = "pytorch_model.bin.index.json";
inline constexpr const char* kOnnxFile = "model.onnx";
inline constexpr const char* kNestedOnnxFile = "onnx/model.onnx";  ///< where many repositories keep it
inline constexpr const char* kExportFile = "espalier.json";
inline constexpr const char* kProvenanceFile = "provenance.json";

/// The files of a model's folder, as far as they are there.
struct Folder {
    std::filesystem::path path;
    std::string config_json;  ///< empty where there is no config.json
    std::optional<Config> config;

    /// Throws Error when the folder does not exist or config.json is malformed.
    static Folder open(const std::filesystem::path& path);

    bool has(const char* file) const { return std::filesystem::exists(path / file); }
    /// config.json's model_type; "timm_wrapper" for timm's form of the file, which has none.
    std::string model_type() const;
};

/// Fills in name and origin from the folder's place: a Hub cache (models--org--name/snapshots/revision) or
/// any path.
void set_origin(Model& model, const Folder& folder);

/// Reads preprocessor_config.json, or takes the defaults of the model type for images of `size` where the
/// file is absent. Throws Error when the file is malformed or nothing implies a processor.
datasets::ProcessorConfig read_processor(const Folder& folder, std::optional<Pixels> size);

/// The size of the images that a processor makes, where it fixes one.
std::optional<Pixels> size_of(const datasets::ProcessorConfig& processor);

/// Hash over the named files' hashes; absent files are left out.
std::string hash_files(const std::filesystem::path& folder, const std::vector<std::string>& files);

}  // namespace espalier::models
