#include "store/totals.h"

#include <algorithm>

namespace espalier::store {
namespace {

void add_zone(EnergyTotal& total, const EnergyRecord& zone) {
    if (!zone.in_total) return;
    if (!zone.problem.empty() && total.problem.empty()) total.problem = zone.zone + ": " + zone.problem;
    total.scope += (total.scope.empty() ? "" : " + ") + zone.scope;
    total.factor_low = zone.factor_low;
    total.factor_high = zone.factor_high;
    total.joules = total.joules.value_or(0.0) + zone.joules.value_or(0.0);
}

}  // namespace

const PhaseRecord* find_phase(const TrialRecord& trial, const std::string& name) {
    const auto found = std::find_if(trial.phases.begin(), trial.phases.end(),
                                    [&](const PhaseRecord& phase) { return phase.name == name; });
    return found == trial.phases.end() ? nullptr : &*found;
}

std::optional<double> find_reading(const PhaseRecord& phase, const std::string& name) {
    for (const auto& reading : phase.readings) {
        if (reading.name == name) return reading.value;
    }
    return std::nullopt;
}

std::vector<EnergyTotal> energy_totals(const PhaseRecord& phase) {
    std::vector<EnergyTotal> totals;
    for (const auto& zone : phase.energies) {
        auto total = std::find_if(totals.begin(), totals.end(),
                                  [&](const EnergyTotal& known) { return known.meter == zone.meter; });
        if (total == totals.end()) {
            totals.push_back({.meter = zone.meter, .tier = zone.tier, .device = zone.device});
            total = totals.end() - 1;
        }
        add_zone(*total, zone);
    }
    std::erase_if(totals, [](const EnergyTotal& total) { return !total.joules; });
    for (auto& total : totals) {
        if (!total.problem.empty()) total.joules.reset();
    }
    std::stable_sort(totals.begin(), totals.end(),
                     [](const EnergyTotal& a, const EnergyTotal& b) { return a.tier < b.tier; });
    return totals;
}

std::vector<EnergyTotal> energy_totals(const PhaseRecord& phase, const std::string& device) {
    const std::string drawn_by = device == "cpu" ? "cpu" : "gpu";
    std::vector<EnergyTotal> totals = energy_totals(phase);
    std::erase_if(totals, [&](const EnergyTotal& total) {
        return total.device != drawn_by && total.device != "machine";
    });
    return totals;
}

}  // namespace espalier::store
