#pragma once

#include <string>

#include "store/records.h"

namespace espalier::store {

/// SHA-256 over everything that a trial measured: phases with their calls, energies and readings, traces,
/// evidence, environment and the hash of its predictions. Equal for a record and what the store gives back of
/// it.
std::string measured_sha256(const TrialRecord& trial);

}  // namespace espalier::store
