#pragma once

#include <filesystem>
#include <string>

#include "cli/command.h"

namespace espalier::cli {

/// What --help says of an option that takes a model.
inline constexpr const char* kModelHelp =
    "Folder of the model, an .onnx file, or ORG/NAME[@REVISION] on the Hub";

/// Where the model lies that `given` names: a path, or an id on the Hub. What exists here wins; an id is
/// taken from the cache with no network, and is downloaded only where it is not there. What is neither is
/// returned as it is, for the loader to reject. Throws Error as hub::fetch() does, and in a dry run, which
/// downloads nothing.
std::string model_path(const std::string& given, const Globals& globals);

/// The same for an entry of a plan's file, which was made absolute from `folder`: where nothing is there,
/// what stands below the folder may be an id.
std::string model_path_in_plan(const std::string& path, const std::filesystem::path& folder,
                               const Globals& globals);

}  // namespace espalier::cli
