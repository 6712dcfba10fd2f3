#include "lab/metered.h"

#include <variant>

namespace espalier::lab {
namespace {

bool measures_energy(meters::UnitKind unit) {
    return unit == meters::UnitKind::kCumulativeEnergy || unit == meters::UnitKind::kPower;
}

const char* unit_name(meters::UnitKind unit) {
    switch (unit) {
        case meters::UnitKind::kCumulativeEnergy:
        case meters::UnitKind::kPower:
            return "J";
        case meters::UnitKind::kCumulativeTime:
            return "s";
        case meters::UnitKind::kUtilization:
            return "1";
        case meters::UnitKind::kMemory:
            return "B";
    }
    return "";
}

std::optional<double> number_of(const meters::ZoneWindow& zone) {
    if (!zone.amount) return std::nullopt;
    return meters::number(*zone.amount);
}

store::EnergyRecord energy_record(const meters::WindowReading& window, const meters::ZoneWindow& zone) {
    const bool ambiguous = zone.zone.role == meters::ZoneRole::kAmbiguous;
    const auto factor = window.uncertainty.factor.value_or(meters::FactorInterval{});
    store::EnergyRecord record;
    record.meter = window.meter;
    record.zone = zone.zone.id;
    record.joules = number_of(zone);
    record.tier = std::string(1, meters::letter(window.tier));
    record.scope = zone.zone.scope;
    // An ambiguous zone belongs to the total with its problem, so that no total is shown at all.
    record.in_total = zone.zone.role == meters::ZoneRole::kAdded || ambiguous;
    record.factor_low = factor.low;
    record.factor_high = factor.high;
    record.device = std::string(meters::name(window.part));
    record.problem = ambiguous && zone.problem.empty()
                         ? "it is not known whether this zone is part of another one"
                         : zone.problem;
    return record;
}

}  // namespace

void add_windows(const std::vector<meters::WindowReading>& windows, store::PhaseRecord& phase) {
    for (const auto& window : windows) {
        for (const auto& zone : window.zones) {
            if (measures_energy(window.unit)) {
                phase.energies.push_back(energy_record(window, zone));
                continue;
            }
            phase.readings.push_back(
                {window.meter + " " + zone.zone.id, unit_name(window.unit), number_of(zone)});
        }
        if (window.energy && !window.uncertainty.factor) {
            phase.readings.push_back(
                {window.meter + " standard uncertainty", "J", window.uncertainty.standard().value()});
        }
    }
}

std::vector<store::TraceRecord> power_traces(const meters::Sampler& sampler, const meters::Mark& begin,
                                             const meters::Mark& end) {
    std::vector<store::TraceRecord> traces;
    for (std::size_t i = 0; i < sampler.meters().size(); ++i) {
        const auto& description = sampler.meters()[i]->description();
        if (!measures_energy(description.unit)) continue;
        store::TraceRecord trace{description.name, description.scope, "W", {}, {}};
        const auto readings = sampler.readings(begin, end, i);
        for (const auto& point : meters::power_trace(description, readings)) {
            trace.times_s.push_back(point.time.value());
            trace.samples.push_back(point.power.value());
        }
        traces.push_back(std::move(trace));
    }
    return traces;
}

}  // namespace espalier::lab
