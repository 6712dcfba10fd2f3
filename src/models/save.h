#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>

#include "models/model.h"

namespace espalier::models {

/// The schema of espalier.json: name, architecture, origin, provenance and the graph.
inline constexpr const char* kModelSchema = "espalier.model/1";

struct SaveOptions {
    /// Replace a folder that an earlier export made. Any other folder that is not empty is always refused.
    bool force = false;
};

/// Writes a folder that load_model() reads back to the same graph: espalier.json, model.safetensors with
/// every constant, config.json with the labels, preprocessor_config.json. `provenance` is kept as it is: what
/// was done to the model, by what, measured how. The folder appears complete or not at all. Throws Error when
/// the target is in use or cannot be written.
void save_model(const Model& model, const nlohmann::json& provenance, const std::filesystem::path& folder,
                const SaveOptions& options = {});

}  // namespace espalier::models
