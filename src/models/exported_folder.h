#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "models/model.h"

namespace espalier::models {

/// The original configuration with the labels, which it may have lacked.
std::string config_text(const Model& model);

/// Lets `fill` write into a draft beside `folder`, which then takes its place: the folder appears complete or
/// not at all. A folder that is not empty is replaced where an earlier export made it and `force` is set, and
/// refused otherwise. Throws Error when it cannot be written.
void write_folder(const std::filesystem::path& folder, bool force,
                  const std::function<void(const std::filesystem::path& draft)>& fill);

}  // namespace espalier::models
