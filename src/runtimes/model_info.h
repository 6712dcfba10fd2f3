#pragma once

#include "models/model.h"
#include "runtimes/runtime.h"

namespace espalier::runtimes {

/// What is known of a model that was loaded.
ModelInfo info_of(const models::Model& model);

}  // namespace espalier::runtimes
