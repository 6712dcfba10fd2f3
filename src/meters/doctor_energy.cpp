#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "meters/doctor.h"
#include "meters/window.h"

namespace espalier::meters {
namespace {

/// What the doctor calls a source, and what its script allows where permission is missing.
struct SourceRow {
    std::string_view source;
    const char* id;
    const char* title;
    const char* script_allows;
};

constexpr const char* kGroup = "lets group 'energy' read it, which holds after the next login";
constexpr const char* kRender = "lets you use the GPU, which holds after the next login";

constexpr std::array<SourceRow, 19> kSources = {
    {{"perf", "perf", "CPU energy (perf)", "lets espalier watch the counters of the machine"},
     {"powercap", "rapl", "CPU energy (RAPL)", kGroup},
     {"msr", "msr", "CPU energy (registers)", kGroup},
     {"amd-energy", "amd-energy", "CPU energy (amd_energy)", kGroup},
     {"nvml", "nvml", "GPU energy (NVML)", "lets everybody use the GPU"},
     {"nvml-energy", "nvml-energy", "GPU energy (NVML counter)", "lets everybody use the GPU"},
     {"nvml-power", "nvml-power", "GPU power (NVML sensor)", "lets everybody use the GPU"},
     {"nvml-utilization", "nvml-utilization", "GPU utilization", "lets everybody use the GPU"},
     {"nvml-memory", "nvml-memory", "GPU memory", "lets everybody use the GPU"},
     {"amdsmi", "amdsmi", "GPU energy (AMD SMI)", kRender},
     {"amdsmi-energy", "amdsmi-energy", "GPU energy (AMD SMI)", kRender},
     {"amdsmi-memory", "amdsmi-memory", "GPU memory (AMD SMI)", kRender},
     {"intel-gpu", "intel-gpu", "GPU energy (Intel)", kGroup},
     {"ina3221", "ina3221", "Board power (INA3221)", kGroup},
     {"battery", "battery-energy", "Whole machine (battery)", kGroup},
     {"hwmon", "hwmon", "Other sensors (hwmon)", kGroup},
     {"estimate", "estimate", "CPU energy, modelled", ""},
     {"cpu", "cpu", "Processor time", ""},
     {"memory", "memory", "Memory", ""}}};

/// The row of a source; one that has none is called by its own name.
SourceRow row_of(const std::string& source) {
    const auto row = std::find_if(kSources.begin(), kSources.end(),
                                  [&](const SourceRow& known) { return known.source == source; });
    return row != kSources.end() ? *row : SourceRow{source, source.c_str(), source.c_str(), ""};
}

CheckState state_of(const Finding& finding) {
    // What another meter reads in its place is nobody's problem.
    if (!finding.replaced_by.empty()) return CheckState::kAbsent;
    switch (finding.availability.state) {
        case State::kOk:
            return CheckState::kOk;
        case State::kAbsent:
            return CheckState::kAbsent;
        case State::kUnsupported:
            return CheckState::kWarn;
        case State::kNoPermission:
        case State::kBroken:
            break;
    }
    return CheckState::kFail;
}

std::string period_text(Seconds period) {
    return period < Seconds(1) ? fmt::format("{:g} ms", 1e3 * period.value())
                               : fmt::format("{:g} s", period.value());
}

/// "tier B, a new value each 1 ms, steady power known to 0.1 % in 1 s: 1 CPU package".
std::string worth(const Finding& finding, const Meter* meter) {
    std::string text = fmt::format("tier {}", letter(finding.tier));
    if (meter != nullptr && !meter->description().factor) {
        const Description& description = meter->description();
        const Seconds window = shortest_window(description);
        text += fmt::format(", a new value each {}, steady power known to {:.2g} % in {:g} s",
                            period_text(description.refresh_period),
                            100 * (description.refresh_period / window), window.value());
    }
    return text + ": " + finding.availability.reason;
}

/// A meter as it was named. Somebody asked for it, so that it is not there is no detail.
Check named_check(const Finding& finding) {
    const Availability& found = finding.availability;
    const bool ok = found.state == State::kOk;
    return {"named-meter",
            "energy",
            finding.source,
            ok ? CheckState::kOk : CheckState::kFail,
            ok && finding.tier != Tier::kNone ? fmt::format("tier {}: {}", letter(finding.tier), found.reason)
                                              : found.reason,
            found.fix,
            ""};
}

/// A finding as a check. The fix of a missing permission is a script, of which the line only names the way.
Check check_of(const Finding& finding, const Discovery& discovery) {
    const Availability& found = finding.availability;
    if (finding.named) return named_check(finding);
    const SourceRow row = row_of(finding.source);
    Check check{row.id,
                finding.tier == Tier::kNone && finding.source != "hwmon" ? "capability" : "energy",
                row.title,
                state_of(finding),
                found.reason,
                found.fix,
                ""};
    if (check.state == CheckState::kAbsent && !finding.replaced_by.empty()) check.fix.clear();
    if (check.state == CheckState::kFail && found.state == State::kNoPermission) {
        check.script = found.fix;
        check.fix =
            fmt::format("espalier doctor --fix-script | less   ({}), run it as root", row.script_allows);
    }
    if (check.state == CheckState::kOk && finding.tier != Tier::kNone)
        check.meaning = worth(finding, discovery.find(finding.source));
    return check;
}

}  // namespace

std::vector<Check> check_energy(const Discovery& discovery) {
    std::vector<Check> checks;
    for (const Finding& finding : discovery.findings) checks.push_back(check_of(finding, discovery));
    const bool whole = std::any_of(discovery.meters.begin(), discovery.meters.end(), [](const auto& meter) {
        return meter->description().part == Part::kMachine && meter->description().tier != Tier::kNone;
    });
    if (whole) return checks;
    checks.push_back(
        {"wall", "energy", "Whole machine", CheckState::kAbsent,
         "no external meter: what is measured covers processors and GPUs, not power supply, board, disks and "
         "fans",
         "where one is at hand, name it: espalier doctor --meter shelly2://HOST", ""});
    return checks;
}

}  // namespace espalier::meters
