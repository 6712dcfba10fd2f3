#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "models/model.h"

namespace espalier::models {

struct LoadOptions {
    /// Set: build from config.json alone, with weights drawn from this seed.
    std::optional<std::uint64_t> random_weights;
    /// Build from config.json alone, with zeros that take no memory: for shapes and costs.
    bool blank_weights = false;
    /// Compute Model::sha256, which reads every byte of the weights.
    bool hash = true;
};

/// Loads a classifier from a folder, or from an .onnx file with the two JSON files beside it. A folder holds,
/// in order of preference,
///   espalier.json + model.safetensors                 what save_model() wrote,
///   config.json (of a known model_type) + weights as read_checkpoint() finds them,
///   model.onnx or onnx/model.onnx, with config.json for the labels,
/// and preprocessor_config.json, whose absence means the defaults of the model_type.
/// Throws Error naming the file, key, tensor or node that is missing or does not fit.
Model load_model(const std::filesystem::path& path, const LoadOptions& options = {});

}  // namespace espalier::models
