#pragma once

#include <optional>
#include <string>
#include <vector>

#include "store/records.h"

namespace espalier::store {

/// The phase of that name, or null.
const PhaseRecord* find_phase(const TrialRecord& trial, const std::string& name);

/// The value of a reading, or nothing where it is absent or a gap.
std::optional<double> find_reading(const PhaseRecord& phase, const std::string& name);

/// What one meter says about the energy of a phase.
struct EnergyTotal {
    std::string meter;
    std::string tier;
    std::string scope;  ///< scopes of the added zones, joined
    /// Nothing when any zone has a problem: a part is never shown as the whole
    std::optional<double> joules;
    double factor_low = 1.0;
    double factor_high = 1.0;
    std::string problem;
    std::string device = "cpu";  ///< what draws it, as in EnergyRecord
};

/// One total per meter, best tier first. Zones that do not belong to it are only shown: neither their energy
/// nor their gaps count, and a meter of which no zone belongs to a total has none.
std::vector<EnergyTotal> energy_totals(const PhaseRecord& phase);

/// Those of meters that cover what executes on `device`, "cpu" or what a runtime calls its accelerators
/// ("gpu", "cuda:0"): the device itself, or the whole machine. Variants are compared by these alone; the
/// energy of a GPU says nothing about what a processor executes.
std::vector<EnergyTotal> energy_totals(const PhaseRecord& phase, const std::string& device);

}  // namespace espalier::store
