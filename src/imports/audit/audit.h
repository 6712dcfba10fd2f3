#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "imports/measurements.h"

namespace espalier::imports {

/// Everything in the measurements that cannot be, or hardly: what was found while reading, then what each
/// check finds. The impossible comes first.
std::vector<Artefact> audit(const Measurements& measurements);

/// For people: each artefact with its place, figures, reason and advice. `subject` names what was audited.
std::string describe(const std::vector<Artefact>& artefacts, const std::string& subject);

/// "espalier.audit/1".
nlohmann::json to_json(const std::vector<Artefact>& artefacts, const Measurements& measurements);

// The checks, one file each. Each appends what it finds.

using Artefacts = std::vector<Artefact>;

/// Models that got smaller than their tactic can make them.
void check_sizes(const Measurements& measurements, Artefacts& found);
/// GPUs that executed a model without being busy.
void check_utilization(const Measurements& measurements, Artefacts& found);
/// Energies and powers that cannot be, or contradict each other.
void check_energies(const Measurements& measurements, Artefacts& found);
/// Variants that only guess.
void check_accuracy(const Measurements& measurements, Artefacts& found);
/// Windows that the sensor cannot resolve.
void check_windows(const Measurements& measurements, Artefacts& found);
/// Repetitions that are none, and what is compared without being alike.
void check_repetitions(const Measurements& measurements, Artefacts& found);
/// Tactics on devices for which they have no kernels.
void check_devices(const Measurements& measurements, Artefacts& found);

}  // namespace espalier::imports
