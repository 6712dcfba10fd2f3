#include "store/net_energy.h"

#include <cmath>

#include "store/totals.h"

namespace espalier::store {
namespace {

/// Mean power of a phase by one meter.
struct Power {
    double watts = 0.0;
    std::optional<double> standard;
};

/// What the meter says of the phase, or nothing, with the reason in `problem`.
std::optional<EnergyTotal> total_of(const TrialRecord& trial, const char* name, const std::string& meter,
                                    std::string& problem) {
    const auto* phase = find_phase(trial, name);
    if (phase == nullptr) {
        problem = std::string("the trial has no phase '") + name + "'";
        return std::nullopt;
    }
    for (const auto& total : energy_totals(*phase)) {
        if (total.meter != meter) continue;
        if (!total.joules) problem = total.problem;
        return total.joules ? std::optional(total) : std::nullopt;
    }
    problem = "the meter '" + meter + "' was not read in phase '" + name + "'";
    return std::nullopt;
}

std::optional<Power> idle_power(const TrialRecord& trial, const char* name, const EnergyTotal& window,
                                std::string& problem) {
    const auto total = total_of(trial, name, window.meter, problem);
    if (!total) return std::nullopt;
    const PhaseRecord& phase = *find_phase(trial, name);
    if (phase.duration_s() < kShortestIdle.value()) {
        problem = "the idle windows are shorter than 1 s; --idle 1s or longer makes them long enough";
        return std::nullopt;
    }
    if (total->tier != window.tier || total->scope != window.scope) {
        problem = "tier or scope of the meter changed during the trial";
        return std::nullopt;
    }
    const auto standard = find_reading(phase, window.meter + " standard uncertainty");
    Power power{*total->joules / phase.duration_s(), std::nullopt};
    if (standard) power.standard = *standard / phase.duration_s();
    return power;
}

std::optional<double> uncertainty_of(const PhaseRecord& phase, const std::string& meter, const Power& before,
                                     const Power& after) {
    const auto energy = find_reading(phase, meter + " standard uncertainty");
    if (!energy || !before.standard || !after.standard) return std::nullopt;
    const double budgets = 0.5 * std::hypot(*before.standard, *after.standard);
    const double drift = std::fabs(after.watts - before.watts) / std::sqrt(12.0);
    return std::hypot(*energy, phase.duration_s() * std::hypot(budgets, drift));
}

}  // namespace

std::optional<double> NetEnergy::drift() const {
    if (!before_w || !after_w || !(*before_w + *after_w > 0.0)) return std::nullopt;
    return std::fabs(*after_w - *before_w) / (0.5 * (*before_w + *after_w));
}

NetEnergy net_energy(const TrialRecord& trial, const std::string& meter) {
    NetEnergy net;
    const auto window = total_of(trial, "measure", meter, net.problem);
    if (!window) return net;
    const auto before = idle_power(trial, "idle", *window, net.problem);
    if (!before) return net;
    net.before_w = before->watts;
    const auto after = idle_power(trial, "idle-after", *window, net.problem);
    if (!after) return net;
    net.after_w = after->watts;
    const PhaseRecord& phase = *find_phase(trial, "measure");
    net.joules = *window->joules - phase.duration_s() * 0.5 * (before->watts + after->watts);
    net.standard = uncertainty_of(phase, meter, *before, *after);
    return net;
}

}  // namespace espalier::store
