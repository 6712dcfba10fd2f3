#include "meters/doctor.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

#include "meters/json.h"

namespace espalier::meters {
namespace {

constexpr std::array<std::string_view, 4> kStates = {"ok", "warn", "fail", "absent"};

/// The meter whose energy of a part would be shown, best tier first; null where there is none.
const Meter* best_energy_meter(const Discovery& discovery, Part part) {
    const Meter* best = nullptr;
    for (const auto& meter : discovery.meters) {
        const Description& description = meter->description();
        const bool better = best == nullptr || description.tier < best->description().tier;
        if (description.part == part && description.tier != Tier::kNone && has_total(description) && better)
            best = meter.get();
    }
    return best;
}

void summarize_energy(Diagnosis& diagnosis, const Discovery& discovery) {
    const Meter* meter = best_energy_meter(discovery, Part::kProcessor);
    if (meter == nullptr) {
        diagnosis.cannot.push_back("measure energy of the processor: no source works here");
    } else if (meter->description().tier == Tier::kUncalibratedModel) {
        diagnosis.cannot.push_back(
            "measure energy of the processor (it would be modelled from processor time, and marked so)");
    } else {
        const Description& description = meter->description();
        diagnosis.can.push_back(
            fmt::format("measure energy of {} (tier {})", description.scope, letter(description.tier)));
    }
    for (const Part part : {Part::kGpu, Part::kModule, Part::kMachine}) {
        if (const Meter* other = best_energy_meter(discovery, part)) {
            const Description& description = other->description();
            diagnosis.can.push_back(
                fmt::format("measure energy of {} (tier {})", description.scope, letter(description.tier)));
        }
    }
    if (best_energy_meter(discovery, Part::kMachine) == nullptr)
        diagnosis.cannot.push_back("measure energy at the wall: no external meter was named with --meter");
}

void summarize_rest(Diagnosis& diagnosis, const Discovery& discovery) {
    diagnosis.can.push_back("measure time and accuracy");
    const std::pair<const char*, const char*> sources[] = {{"cpu", "measure processor time and utilization"},
                                                           {"memory", "measure peak memory"}};
    for (const auto& [source, ability] : sources) {
        (discovery.find(source) != nullptr ? diagnosis.can : diagnosis.cannot).push_back(ability);
    }
}

void append(std::vector<Check>& all, std::vector<Check> more) {
    std::move(more.begin(), more.end(), std::back_inserter(all));
}

nlohmann::json check_json(const Check& check) {
    return {{"id", check.id},           {"area", check.area},
            {"title", check.title},     {"state", std::string(name(check.state))},
            {"meaning", check.meaning}, {"fix", check.fix}};
}

}  // namespace

std::string_view name(CheckState state) { return kStates[static_cast<std::size_t>(state)]; }

int Diagnosis::count(CheckState state) const {
    return static_cast<int>(std::count_if(checks.begin(), checks.end(),
                                          [&](const Check& check) { return check.state == state; }));
}

Diagnosis diagnose(const DiscoveryOptions& options) {
    const Discovery discovery = discover(options);
    Diagnosis diagnosis;
    diagnosis.environment = read_environment(options.files);
    diagnosis.environment.gpus = nvml::look_at(discovery.gpus);
    append(diagnosis.checks, check_energy(discovery));
    append(diagnosis.checks, check_noise(diagnosis.environment));
    append(diagnosis.checks, check_gpus(diagnosis.environment.gpus));
    append(diagnosis.checks, check_capability(diagnosis.environment));
    summarize_energy(diagnosis, discovery);
    summarize_rest(diagnosis, discovery);
    return diagnosis;
}

std::string fix_script(const Diagnosis& diagnosis) {
    std::string script =
        "#!/bin/sh\n"
        "# Lets espalier measure better on this machine. Read it, then run it as root.\n"
        "# Settings of the kernel last until the next boot; group and udev rule stay.\n"
        "set -eu\n";
    bool any = false;
    for (const Check& check : diagnosis.checks) {
        if (check.script.empty() || check.state == CheckState::kOk) continue;
        any = true;
        script += fmt::format("\n# {}: {}\n{}", check.title, check.meaning, check.script);
        if (script.back() != '\n') script += '\n';
    }
    if (!any) script += "\n# Nothing to do: no check has a fix that a command could apply.\n";
    return script;
}

nlohmann::json to_json(const Diagnosis& diagnosis) {
    nlohmann::json checks = nlohmann::json::array();
    for (const Check& check : diagnosis.checks) checks.push_back(check_json(check));
    return {{"environment", to_json(diagnosis.environment)},
            {"checks", checks},
            {"can", diagnosis.can},
            {"cannot", diagnosis.cannot},
            {"warnings", diagnosis.count(CheckState::kWarn)},
            {"problems", diagnosis.count(CheckState::kFail)}};
}

}  // namespace espalier::meters
