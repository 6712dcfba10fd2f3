#include "lab/environment.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/cpu_features.h"
#include "base/file.h"
#include "base/version.h"
#include "lab/conditions.h"
#include "meters/cpu/cpu_info.h"
#include "meters/json.h"
#include "meters/memory/memory_meter.h"
#include "meters/self_check.h"

namespace espalier::lab {
namespace {

using nlohmann::json;

constexpr Seconds kQuickCounter{1.0};
constexpr Seconds kShortestWatch{0.5};
constexpr double kValuesWatched = 5.0;

template <typename T>
json or_null(const std::optional<T>& value) {
    return value ? json(*value) : json(nullptr);
}

json file_text(const meters::FileTree& files, const char* path) {
    const auto content = files.read(path);
    return content.ok() ? json(content.text) : json(nullptr);
}

json meters_json(const meters::Discovery& discovery) {
    json list = json::array();
    for (const auto& meter : discovery.meters) list.push_back(meters::to_json(meter->description()));
    return list;
}

json findings_json(const meters::Discovery& discovery) {
    json list = json::array();
    for (const auto& finding : discovery.findings) list.push_back(meters::to_json(finding));
    return list;
}

bool is_virtual(const meters::FileTree& files) { return meters::read_cpu_info(files).has_flag("hypervisor"); }

}  // namespace

std::string machine_id(const meters::FileTree& files) {
    const auto cpu = meters::read_cpu_info(files);
    return sha256(fmt::format("{}\n{}\n{}", files.read("etc/machine-id").text, cpu.model, cpu.logical_cpus))
        .substr(0, 12);
}

json describe_machine(const meters::FileTree& files, const meters::Discovery& discovery) {
    const auto cpu = meters::read_cpu_info(files);
    const auto memory = meters::kibibytes_of(files.read("proc/meminfo").text, "MemTotal");
    const auto conditions = read_conditions(files);
    const json turbo_off = conditions.turbo ? json(*conditions.turbo ? "0" : "1") : json(nullptr);
    return {{"tool", std::string("espalier ") + kVersion},
            {"compiler", __VERSION__},
            {"cpu", cpu.model.empty() ? cpu_model() : cpu.model},
            {"isa", std::string(name(best_isa()))},
            {"logical_cpus", cpu.logical_cpus},
            {"usable_cpus", usable_cpus()},
            {"sockets", cpu.sockets},
            {"virtual_machine", cpu.has_flag("hypervisor")},
            {"memory_bytes", memory ? json(memory->value) : json(nullptr)},
            {"kernel", file_text(files, "proc/sys/kernel/osrelease")},
            {"governor", conditions.governor.empty() ? json(nullptr) : json(conditions.governor)},
            {"turbo_off", turbo_off},
            {"smt", file_text(files, "sys/devices/system/cpu/smt/active")},
            {"load_1min", or_null(conditions.load)},
            {"power_limit_w", or_null(conditions.power_limit_w)},
            {"on_battery", or_null(conditions.on_battery)},
            {"machine", machine_id(files)},
            {"gpus", meters::nvml::to_json(meters::nvml::look_at(discovery.gpus))},
            {"meters", meters_json(discovery)},
            {"findings", findings_json(discovery)}};
}

std::vector<store::NoteRecord> judge_machine(const meters::FileTree& files,
                                             const meters::Discovery& discovery, meters::Part executing) {
    std::vector<store::NoteRecord> notes;
    const std::string governor = read_conditions(files).governor;
    if (!governor.empty() && governor != "performance") {
        notes.push_back({0, "governor",
                         fmt::format("the frequency governor is '{}': clocks may change from trial to trial. "
                                     "cpupower frequency-set -g performance steadies them",
                                     governor),
                         ""});
    }
    if (is_virtual(files)) {
        notes.push_back(
            {0, "virtual-machine",
             "this is a virtual machine: its host may slow it down, and other guests' energy is not told "
             "apart. Processor time taken away is recorded with every trial",
             ""});
    }
    const auto tier = discovery.best_energy_tier(executing);
    if (tier == meters::Tier::kUncalibratedModel || tier == meters::Tier::kNone) {
        notes.push_back({0, "no-energy-meter",
                         fmt::format("energy of the {} could not be measured here; time is compared instead. "
                                     "'espalier doctor' says what would allow it",
                                     executing == meters::Part::kGpu ? "GPU" : "processor"),
                         ""});
    }
    return notes;
}

std::vector<store::NoteRecord> watch_counters(const meters::Discovery& discovery, Clock& clock) {
    std::vector<meters::Meter*> watched;
    Seconds duration = kShortestWatch;
    for (const auto& meter : discovery.meters) {
        const auto& about = meter->description();
        if (!about.always_draws || !meters::has_total(about) || about.refresh_period > kQuickCounter)
            continue;
        watched.push_back(meter.get());
        duration = std::max(duration, kValuesWatched * about.refresh_period);
    }
    std::vector<store::NoteRecord> notes;
    if (watched.empty()) return notes;
    const auto found = meters::self_check(watched, clock, duration);
    for (std::size_t i = 0; i < watched.size(); ++i) {
        if (found[i].state == meters::State::kOk) continue;
        notes.push_back(
            {0, "meter-broken",
             fmt::format("{}: {}; {}", watched[i]->description().name, found[i].reason, found[i].fix), ""});
    }
    return notes;
}

}  // namespace espalier::lab
