#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "imports/audit/audit.h"
#include "imports/audit/groups.h"
#include "imports/kinds.h"

namespace espalier::imports {
namespace {

/// More than any device of the kind draws today: boards 1400 W, packages 500 W (two of them), a node 15 kW.
double most_watts(const store::EnergyRecord& record) {
    if (record.device == "gpu") return record.scope == "GPU boards" ? 16.0 * 1500.0 : 1500.0;
    return record.device == "cpu" ? 1500.0 : 20000.0;
}

/// Above its own limit a board goes for moments only, not in the mean.
constexpr double kAboveLimit = 1.1;
/// Stated power may be that of the last moment; beyond this factor it is of another window or unit.
constexpr double kPowerFactor = 2.0;
/// Counters and sensors of one device agree within this factor.
constexpr double kMeterFactor = 1.5;

bool apart(double a, double b, double factor) { return a > b * factor || b > a * factor; }

struct Finds {
    FindsByVariant none{kind::kNoEnergy};
    FindsByVariant beyond{kind::kPowerBeyondBoard};
    FindsByVariant contradiction{kind::kPowerTimeEnergy};
    FindsByVariant disagreement{kind::kMetersDisagree};
};

void check_energy(const Repetition& repetition, const Energy& energy, Finds& finds) {
    const auto& record = energy.record;
    if (energy.refused || (record.joules && *record.joules <= 0.0)) {
        finds.none.add(repetition, fmt::format("{} of {}: {:.4g}", record.scope, record.meter,
                                               energy.refused ? *energy.refused : *record.joules));
        return;
    }
    const auto seconds = repetition.duration_s;
    if (!record.joules || !seconds || *seconds <= 0.0) return;
    const double watts = *record.joules / *seconds;
    const double most =
        energy.limit_w ? std::min(*energy.limit_w * kAboveLimit, most_watts(record)) : most_watts(record);
    if (watts > most || energy.power_w.value_or(0.0) > most) {
        finds.beyond.add(repetition,
                         fmt::format("{} of {}: {:.4g} W, at most {:.4g} W", record.scope, record.meter,
                                     std::max(watts, energy.power_w.value_or(0.0)), most));
    } else if (energy.power_w && *energy.power_w > 0.0 && apart(watts, *energy.power_w, kPowerFactor)) {
        finds.contradiction.add(
            repetition,
            fmt::format("{} of {}: {:.4g} J in {:.4g} s are {:.4g} W, stated {:.4g} W", record.scope,
                        record.meter, *record.joules, *seconds, watts, *energy.power_w));
    }
}

/// Energy of each meter of each device, estimates left out.
void check_meters(const Repetition& repetition, Finds& finds) {
    std::map<std::string, std::map<std::string, double>> devices;
    for (const auto& energy : repetition.energies) {
        const auto& record = energy.record;
        if (record.joules && record.in_total && record.tier < "E")
            devices[record.device][record.meter] += *record.joules;
    }
    for (const auto& [device, meters] : devices) {
        const auto least = std::min_element(meters.begin(), meters.end(),
                                            [](auto& a, auto& b) { return a.second < b.second; });
        const auto most = std::max_element(meters.begin(), meters.end(),
                                           [](auto& a, auto& b) { return a.second < b.second; });
        if (least->second > 0.0 && apart(most->second, least->second, kMeterFactor)) {
            finds.disagreement.add(repetition,
                                   fmt::format("{}: {} says {:.4g} J, {} {:.4g} J", device, most->first,
                                               most->second, least->first, least->second));
        }
    }
}

/// Whether every run states the same power for its modelled processor, to the last digit.
void check_constant(const Measurements& measurements, Artefacts& found) {
    std::map<std::string, std::map<double, std::size_t>> powers;
    for (const auto& repetition : measurements.repetitions) {
        for (const auto& energy : repetition.energies) {
            if (energy.record.tier == "E" && energy.record.zone == "cpu" && energy.power_w &&
                energy.record.meter.ends_with("-cpu"))
                ++powers[energy.record.meter][*energy.power_w];
        }
    }
    for (const auto& [meter, values] : powers) {
        if (values.size() != 1 || values.begin()->second < 2) continue;
        found.push_back({&kind::kModelledEnergy, fmt::format("all {} runs", values.begin()->second),
                         fmt::format("{}: {:.6g} W in every run", meter, values.begin()->first)});
    }
}

}  // namespace

void check_energies(const Measurements& measurements, Artefacts& found) {
    Finds finds;
    for (const auto& repetition : measurements.repetitions) {
        for (const auto& energy : repetition.energies) check_energy(repetition, energy, finds);
        check_meters(repetition, finds);
    }
    for (const auto* find : {&finds.none, &finds.beyond, &finds.contradiction, &finds.disagreement})
        find->hand_over(measurements, found);
    check_constant(measurements, found);
}

}  // namespace espalier::imports
