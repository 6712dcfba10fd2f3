#pragma once

#include <nlohmann/json_fwd.hpp>

#include "meters/discovery.h"
#include "meters/window.h"

namespace espalier::meters {

/// Keys carry their unit: "refresh_period_s", "energy_j", "standard_uncertainty_j". Absent values are null,
/// never 0.
nlohmann::json to_json(const Description& description);
nlohmann::json to_json(const Finding& finding);
nlohmann::json to_json(const WindowReading& window);

}  // namespace espalier::meters
