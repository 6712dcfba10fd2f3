#include <fmt/core.h>

#include <algorithm>

#include "meters/doctor.h"

namespace espalier::meters {
namespace {

CheckState state_of(State state) {
    switch (state) {
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

std::string title_of(const std::string& source) {
    if (source == "powercap") return "CPU energy (RAPL)";
    if (source == "estimate") return "CPU energy, modelled";
    if (source == "cpu") return "Processor time";
    if (source == "memory") return "Memory";
    if (source == "nvml") return "GPU energy (NVML)";
    if (source == "nvml-energy") return "GPU energy (NVML counter)";
    if (source == "nvml-power") return "GPU power (NVML sensor)";
    if (source == "nvml-utilization") return "GPU utilization";
    return source == "nvml-memory" ? "GPU memory" : source;
}

/// A finding as a check. The fix of a missing permission is a script, of which the line only names the way.
Check check_of(const Finding& finding) {
    const Availability& found = finding.availability;
    const char* area = finding.tier == Tier::kNone ? "capability" : "energy";
    Check check{finding.source, area, title_of(finding.source), state_of(found.state), found.reason,
                found.fix,      ""};
    if (check.id == "powercap") check.id = "rapl";
    if (finding.named) {
        check.id = "named-meter";
        check.title = finding.source;
        // Somebody asked for it, so that it is not there is no detail.
        if (found.state != State::kOk) check.state = CheckState::kFail;
    } else if (found.state == State::kNoPermission) {
        check.script = found.fix;
        const bool by_group = finding.source == "powercap";
        check.fix = fmt::format("espalier doctor --fix-script | less   ({}), run it as root{}",
                                by_group ? "lets group 'energy' read it" : "lets everybody use the GPU",
                                by_group ? ", log in again" : "");
    }
    if (found.state == State::kOk && finding.tier != Tier::kNone) {
        check.meaning = fmt::format("tier {}: {}", letter(finding.tier), found.reason);
    }
    return check;
}

/// The kernel's power events read the same counters as powercap; their presence is told, their numbers are
/// not read.
Check check_perf(const FileTree& files) {
    Check check{"perf-power", "energy", "CPU energy (perf)", CheckState::kAbsent, "", "", ""};
    const std::string folder = "sys/bus/event_source/devices/power";
    if (!files.exists(folder)) {
        check.meaning = fmt::format("no power events under {}", files.display(folder));
        return check;
    }
    const std::string paranoid = files.read("proc/sys/kernel/perf_event_paranoid").text;
    check.state = CheckState::kOk;
    check.meaning =
        fmt::format("power events present (perf_event_paranoid = {}); the same counters are read by powercap",
                    paranoid.empty() ? "unknown" : paranoid);
    return check;
}

}  // namespace

std::vector<Check> check_energy(const FileTree& files, const Discovery& discovery) {
    std::vector<Check> checks;
    for (const Finding& finding : discovery.findings) {
        checks.push_back(check_of(finding));
        if (finding.source == "powercap") checks.push_back(check_perf(files));
    }
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
