#include "meters/cpu/cpu_meter.h"

#include <unistd.h>

#include <array>
#include <cstring>
#include <sstream>

namespace espalier::meters {
namespace {

double ticks_per_second() {
    static const double ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
    return ticks;
}

Seconds from_ticks(double ticks) { return Seconds(ticks / ticks_per_second()); }

/// Own and reaped children's time of a process.
struct ProcessTimes {
    Seconds own;
    Seconds children;
};

/// Fields 14 to 17 of proc(5) pid/stat: utime stime cutime cstime. Field 2, the program's name, may hold
/// spaces and parentheses, so counting starts after the last parenthesis.
std::optional<ProcessTimes> parse_process_stat(const std::string& text) {
    const auto name_end = text.rfind(')');
    if (name_end == std::string::npos) return std::nullopt;
    std::istringstream words(text.substr(name_end + 1));
    std::string skipped;
    for (int field = 3; field < 14; ++field) words >> skipped;
    std::array<double, 4> ticks{};
    for (double& value : ticks) words >> value;
    if (!words) return std::nullopt;
    return ProcessTimes{from_ticks(ticks[0] + ticks[1]), from_ticks(ticks[2] + ticks[3])};
}

std::string pid_folder(int process) { return process == 0 ? "proc/self" : "proc/" + std::to_string(process); }

Gap gap_of(const FileTree& files, const std::string& path) {
    const FileContent content = files.read(path);
    if (!content.ok())
        return {GapKind::kUnreadable, files.display(path) + ": " + std::strerror(content.error)};
    return {GapKind::kMalformed, files.display(path) + " does not have the fields of proc(5)"};
}

std::optional<Seconds> seconds(const WindowReading& window, std::string_view zone) {
    const auto amount = window.amount(zone);
    if (!amount) return std::nullopt;
    return std::get<Seconds>(*amount);
}

}  // namespace

std::optional<MachineTimes> read_machine_times(const FileTree& files) {
    std::istringstream words(files.read("proc/stat").text);
    std::string label;
    std::array<double, 8> ticks{};  // user nice system idle iowait irq softirq steal
    words >> label;
    for (double& value : ticks) words >> value;
    if (!words || label != "cpu") return std::nullopt;
    return MachineTimes{from_ticks(ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6]),
                        from_ticks(ticks[3] + ticks[4]), from_ticks(ticks[7])};
}

CpuMeter::CpuMeter(const FileTree& files, const Clock& clock, int process)
    : files_(files), clock_(clock), process_path_(pid_folder(process) + "/stat") {
    description_.name = "cpu";
    description_.source =
        "processor time (" + files_.display(process_path_) + ", " + files_.display("proc/stat") + ")";
    description_.scope = process == 0 ? "this process" : "process " + std::to_string(process);
    description_.unit = UnitKind::kCumulativeTime;
    description_.zones = {{"process", description_.scope, ZoneRole::kAdded},
                          {"children", "its children that have ended", ZoneRole::kAdded},
                          {"machine-busy", "all processors at work", ZoneRole::kContained},
                          {"machine-idle", "all processors idle", ZoneRole::kContained},
                          {"machine-steal", "time the hypervisor gave to others", ZoneRole::kContained}};
    description_.refresh_period = from_ticks(1);
    description_.resolution = from_ticks(1).value();
}

Reading CpuMeter::read() {
    Reading reading{clock_.now(), {}};
    const auto process = parse_process_stat(files_.read(process_path_).text);
    if (process) {
        reading.zones.push_back(Value{process->own, reading.time, 0, ""});
        reading.zones.push_back(Value{process->children, reading.time, 0, ""});
    } else {
        reading.zones.resize(2, gap_of(files_, process_path_));
    }
    const auto machine = read_machine_times(files_);
    if (machine) {
        for (const Seconds time : {machine->busy, machine->idle, machine->steal}) {
            reading.zones.push_back(Value{time, reading.time, 0, ""});
        }
    } else {
        reading.zones.resize(5, gap_of(files_, "proc/stat"));
    }
    return reading;
}

CpuUse cpu_use(const WindowReading& window) {
    CpuUse use;
    use.process_time = seconds(window, "process");
    use.children_time = seconds(window, "children");
    if (use.process_time && window.duration() > Seconds(0))
        use.process_cpus = *use.process_time / window.duration();
    const auto busy = seconds(window, "machine-busy");
    const auto idle = seconds(window, "machine-idle");
    const auto steal = seconds(window, "machine-steal");
    if (!busy || !idle || !steal) return use;
    const Seconds all = *busy + *idle + *steal;
    if (all <= Seconds(0)) return use;
    use.machine = Ratio(*busy / all);
    use.steal = Ratio(*steal / all);
    return use;
}

void discover_cpu(const DiscoveryOptions& options, Discovery& discovery) {
    Finding finding{"cpu", "processor time and utilization", Tier::kNone, {State::kOk, "", ""}};
    const std::string path = pid_folder(options.process) + "/stat";
    if (parse_process_stat(options.files.read(path).text)) {
        discovery.meters.push_back(std::make_unique<CpuMeter>(options.files, options.clock, options.process));
        finding.availability.reason = discovery.meters.back()->description().scope + " and the machine";
    } else {
        finding.availability = {State::kAbsent, gap_of(options.files, path).reason,
                                "mount -t proc proc /proc"};
    }
    discovery.findings.push_back(std::move(finding));
}

}  // namespace espalier::meters
