#pragma once

#include <filesystem>
#include <optional>

#include "models/model.h"

namespace espalier::runtimes {

/// Whether a library of Hugging Face reads the model: a folder with a checkpoint and a config.json that names
/// an architecture, which an exported folder or an ONNX file is not.
bool is_hub_folder(const std::filesystem::path& model);

/// The ONNX file of a model, where it has one.
std::optional<std::filesystem::path> onnx_file(const std::filesystem::path& model);

/// A form in which a model is given to another runtime.
enum class Exchange {
    kOnnx,    ///< a file
    kFolder,  ///< as models::save_model() writes it
};

/// Where write_exchange() puts a model.
std::filesystem::path exchange_path(Exchange form, const std::filesystem::path& cache,
                                    const std::string& sha256);

/// Writes the model as it was loaded, no tactic applied, to exchange_path() unless it is there, whole or not
/// at all; the cache is made. Throws Error when it cannot be written, or the model has what the form has not.
std::filesystem::path write_exchange(Exchange form, const models::Model& model,
                                     const std::filesystem::path& cache);

/// Deletes what write_exchange() made, if it did.
void remove_exchange(const std::filesystem::path& cache, const std::string& sha256);

}  // namespace espalier::runtimes
