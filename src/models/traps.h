#pragma once

#include <optional>
#include <string>
#include <vector>

#include "models/config.h"
#include "models/model.h"

namespace espalier::models {

/// What about a checkpoint's preprocessing and labels changes its accuracy or cost without anybody noticing:
/// one sentence for each thing that a published figure does not let expect. `configured` is the size that the
/// network was configured for, where its configuration says one.
std::vector<std::string> traps_of(const Model& model, std::optional<Pixels> configured);

}  // namespace espalier::models
