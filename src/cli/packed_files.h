#pragma once

#include <filesystem>
#include <string>

#include "cli/command.h"
#include "cli/hub_settings.h"
#include "engine/session.h"

namespace CLI {
class App;
}

namespace espalier::cli {

/// Adds --packed-weights to a command: "auto", "off", or a folder.
void add_packed_weights_option(CLI::App& command, std::string& choice);

/// Where the packed weights of the model at `model` are looked for and kept. "auto" is .espalier/packed in
/// the model's folder, and for what lies in the cache of the Hub, which belongs to other programs too,
/// espalier/packed/models--ORG--NAME in $XDG_CACHE_HOME; nowhere where that is not there and cannot be made.
/// In a folder that is named every model's are kept, however small.
engine::PackedFiles packed_files(const std::string& choice, const std::filesystem::path& model,
                                 const Globals& globals,
                                 const Environment& environment = environment_variable);

}  // namespace espalier::cli
