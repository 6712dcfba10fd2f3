#pragma once

#include <filesystem>

#include "cli/command.h"

namespace espalier::cli {

/// Where studies are kept: what --store says, else .espalier/lab.db in the current folder.
std::filesystem::path store_path(const Globals& globals);

}  // namespace espalier::cli
