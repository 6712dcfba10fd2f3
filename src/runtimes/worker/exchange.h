#pragma once

#include <filesystem>
#include <optional>

#include "models/model.h"

namespace espalier::runtimes {

/// The folder of a model as a library of Hugging Face reads it: config.json and a checkpoint. Nothing where
/// the path is none, as an exported folder or an ONNX file is not.
std::optional<std::filesystem::path> hub_folder(const std::filesystem::path& model);

/// The ONNX file of a model, where it has one.
std::optional<std::filesystem::path> onnx_file(const std::filesystem::path& model);

/// Where the ONNX form of a model lies that write_exchange() makes.
std::filesystem::path exchange_file(const std::filesystem::path& cache, const std::string& sha256);

/// Writes the model as it was loaded, no tactic applied, to exchange_file() unless it is there, whole or not
/// at all; the folder is made. Throws Error when it cannot be written, or the model has what ONNX has not.
std::filesystem::path write_exchange(const models::Model& model, const std::filesystem::path& cache);

/// Deletes what write_exchange() made, if it did.
void remove_exchange(const std::filesystem::path& cache, const std::string& sha256);

}  // namespace espalier::runtimes
