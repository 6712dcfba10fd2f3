#pragma once

#include <nlohmann/json_fwd.hpp>

#include "runtimes/evidence.h"

namespace espalier::runtimes {

/// Evidence as a worker gives it (docs/runtimes.md). Throws Error where a key has another type, or counts
/// contradict each other.
Evidence read_worker_evidence(const nlohmann::json& result);

}  // namespace espalier::runtimes
