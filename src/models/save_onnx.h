#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>

#include "models/model.h"
#include "models/save.h"

namespace espalier::models {

/// Writes a folder that load_model() reads back and ONNX Runtime executes: model.onnx, config.json with the
/// labels, preprocessor_config.json, and provenance.json. Everything else is as with save_model().
void save_onnx_folder(const Model& model, const nlohmann::json& provenance,
                      const std::filesystem::path& folder, const SaveOptions& options = {});

/// Writes model.onnx alone, under any name; its metadata hold the provenance. The folder must exist. With
/// `force` a file is replaced that an earlier export wrote, and no other. Throws Error when the target is in
/// use or cannot be written.
void save_onnx_file(const Model& model, const nlohmann::json& provenance, const std::filesystem::path& file,
                    const SaveOptions& options = {});

}  // namespace espalier::models
