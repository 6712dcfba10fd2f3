#include "lab/metered.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <variant>

#include "store/totals.h"

namespace espalier::lab {
namespace {

/// Counter and sensor of one GPU were seen to agree within a few percent under load.
constexpr double kAgreement = 0.1;
constexpr double kSigmas = 3.0;

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

double standard_uncertainty(const store::PhaseRecord& phase, const store::EnergyTotal& total) {
    return store::find_reading(phase, total.meter + " standard uncertainty").value_or(0.0);
}

/// What the best meter of a part measured; null where it measured nothing, or is a model.
const store::EnergyTotal* best_of(const std::vector<store::EnergyTotal>& totals, const std::string& device) {
    const auto found =
        std::find_if(totals.begin(), totals.end(), [&](const auto& total) { return total.device == device; });
    return found == totals.end() || !found->joules || found->tier >= "E" ? nullptr : &*found;
}

/// Share of the larger energy by which two measured ones differ; 0 where they agree, or one is not known.
double disagreement(const store::PhaseRecord& phase, const store::EnergyTotal& one,
                    const store::EnergyTotal& other) {
    if (!one.joules || !other.joules || one.tier == "E" || other.tier == "E") return 0.0;
    const double apart = std::fabs(*one.joules - *other.joules);
    const double larger = std::max(*one.joules, *other.joules);
    if (apart <= kAgreement * larger) return 0.0;
    if (apart <= kSigmas * std::hypot(standard_uncertainty(phase, one), standard_uncertainty(phase, other)))
        return 0.0;
    return apart / larger;
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

std::vector<store::NoteRecord> judge_agreement(const store::PhaseRecord& phase) {
    std::vector<store::NoteRecord> notes;
    const auto totals = store::energy_totals(phase);
    for (std::size_t i = 0; i < totals.size(); ++i) {
        for (std::size_t j = i + 1; j < totals.size(); ++j) {
            if (totals[i].device != totals[j].device || disagreement(phase, totals[i], totals[j]) == 0.0)
                continue;
            notes.push_back({0, "meters-disagree",
                             fmt::format("{} says {:.3g} J and {} says {:.3g} J of the same {} in phase '{}'",
                                         totals[i].meter, *totals[i].joules, totals[j].meter,
                                         *totals[j].joules, totals[i].device, phase.name),
                             ""});
        }
    }
    return notes;
}

std::vector<store::NoteRecord> judge_conservation(const store::PhaseRecord& phase) {
    const auto totals = store::energy_totals(phase);
    const auto* whole = best_of(totals, "machine");
    if (whole == nullptr) return {};
    double sum = 0.0;
    double variance = std::pow(standard_uncertainty(phase, *whole), 2);
    std::string parts;
    for (const char* device : {"cpu", "gpu"}) {
        const auto* part = best_of(totals, device);
        if (part == nullptr) continue;
        sum += *part->joules;
        variance += std::pow(standard_uncertainty(phase, *part), 2);
        parts += (parts.empty() ? "" : " + ") + part->meter;
    }
    if (sum <= *whole->joules + kSigmas * std::sqrt(variance)) return {};
    return {{0, "conservation",
             fmt::format(
                 "{} say {:.3g} J in phase '{}', more than the {:.3g} J that {} says of the whole machine: "
                 "something is counted twice, or the meter does not see all of the machine",
                 parts, sum, phase.name, *whole->joules, whole->meter),
             ""}};
}

void add_figures(const std::vector<meters::Meter*>& meters, store::PhaseRecord& phase) {
    for (const auto* meter : meters) {
        for (const auto& figure : meter->figures())
            phase.readings.push_back(
                {meter->description().name + " " + figure.name, figure.unit, figure.value});
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
