#include "lab/environment.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <set>

#include "base/cpu_features.h"
#include "base/version.h"
#include "meters/cpu/cpu_info.h"
#include "meters/json.h"
#include "meters/memory/memory_meter.h"

namespace espalier::lab {
namespace {

using nlohmann::json;

/// Stolen time above this share disturbs a trial visibly.
constexpr double kStealLimit = 0.01;
/// Load of other programs, as a share of the processors, that a study bears.
constexpr double kForeignLoadLimit = 0.1;

std::optional<double> first_number(const std::string& text) {
    double value = 0.0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    return problem == std::errc() ? std::optional(value) : std::nullopt;
}

std::optional<double> number_in(const meters::FileTree& files, const std::string& path) {
    const auto content = files.read(path);
    return content.ok() ? first_number(content.text) : std::nullopt;
}

std::string governors(const meters::FileTree& files) {
    std::set<std::string> names;
    for (const auto& policy : files.list("sys/devices/system/cpu/cpufreq")) {
        const auto content = files.read("sys/devices/system/cpu/cpufreq/" + policy + "/scaling_governor");
        if (content.ok()) names.insert(content.text);
    }
    return fmt::format("{}", fmt::join(names, ", "));
}

bool is_processor_sensor(const std::string& name) {
    return name == "coretemp" || name == "k10temp" || name == "zenpower" || name == "cpu_thermal";
}

std::optional<double> hottest(const meters::FileTree& files) {
    std::optional<double> degrees;
    for (const auto& device : files.list("sys/class/hwmon")) {
        const std::string folder = "sys/class/hwmon/" + device;
        if (!is_processor_sensor(files.read(folder + "/name").text)) continue;
        for (const auto& entry : files.list(folder)) {
            if (!entry.starts_with("temp") || !entry.ends_with("_input")) continue;
            if (const auto milli = number_in(files, folder + "/" + entry)) {
                degrees = std::max(degrees.value_or(-273.0), *milli / 1000.0);
            }
        }
    }
    return degrees;
}

template <typename T>
json or_null(const std::optional<T>& value) {
    return value ? json(*value) : json(nullptr);
}

std::optional<double> stolen_share(const Conditions& before, const Conditions& after) {
    if (!before.times || !after.times) return std::nullopt;
    const Seconds steal = after.times->steal - before.times->steal;
    const Seconds all =
        steal + (after.times->busy - before.times->busy) + (after.times->idle - before.times->idle);
    return all > Seconds(0.0) ? std::optional(steal / all) : std::nullopt;
}

json conditions_json(const Conditions& conditions) {
    return {{"load_1min", or_null(conditions.load)},
            {"temperature_c", or_null(conditions.temperature_c)},
            {"governor", conditions.governor.empty() ? json(nullptr) : json(conditions.governor)},
            {"memory_available_bytes", or_null(conditions.available_bytes)},
            {"gpus", meters::nvml::to_json(conditions.gpus)}};
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

Conditions read_conditions(const meters::FileTree& files, const std::vector<meters::nvml::Gpu>& gpus) {
    Conditions conditions;
    conditions.load = number_in(files, "proc/loadavg");
    conditions.temperature_c = hottest(files);
    conditions.governor = governors(files);
    if (const auto bytes = meters::kibibytes_of(files.read("proc/meminfo").text, "MemAvailable")) {
        conditions.available_bytes = static_cast<double>(bytes->value);
    }
    conditions.times = meters::read_machine_times(files);
    conditions.gpus = meters::nvml::look_at(gpus);
    return conditions;
}

json to_json(const Conditions& before, const Conditions& after) {
    return {{"before", conditions_json(before)},
            {"after", conditions_json(after)},
            {"steal_share", or_null(stolen_share(before, after))}};
}

std::vector<store::NoteRecord> judge_conditions(const Conditions& before, const Conditions& after, int cpus,
                                                int own_threads) {
    std::vector<store::NoteRecord> notes;
    if (const auto share = stolen_share(before, after); share && *share > kStealLimit) {
        notes.push_back(
            {0, "steal",
             fmt::format("the hypervisor gave {:.1f} % of the processor time to others during this trial",
                         *share * 100.0),
             ""});
    }
    if (before.load && *before.load > kForeignLoadLimit * cpus + own_threads) {
        notes.push_back(
            {0, "load",
             fmt::format("the machine was busy before this trial began (load {:.1f} on {} processors)",
                         *before.load, cpus),
             ""});
    }
    if (before.governor != after.governor) {
        notes.push_back({0, "governor",
                         fmt::format("the frequency governor changed during this trial from '{}' to '{}'",
                                     before.governor, after.governor),
                         ""});
    }
    return notes;
}

json describe_machine(const meters::FileTree& files, const meters::Discovery& discovery) {
    const auto cpu = meters::read_cpu_info(files);
    const auto memory = meters::kibibytes_of(files.read("proc/meminfo").text, "MemTotal");
    const auto conditions = read_conditions(files);
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
            {"turbo_off", file_text(files, "sys/devices/system/cpu/intel_pstate/no_turbo")},
            {"smt", file_text(files, "sys/devices/system/cpu/smt/active")},
            {"load_1min", or_null(conditions.load)},
            {"gpus", meters::nvml::to_json(meters::nvml::look_at(discovery.gpus))},
            {"meters", meters_json(discovery)},
            {"findings", findings_json(discovery)}};
}

std::vector<store::NoteRecord> judge_machine(const meters::FileTree& files,
                                             const meters::Discovery& discovery) {
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
    const auto tier = discovery.best_energy_tier();
    if (tier == meters::Tier::kUncalibratedModel || tier == meters::Tier::kNone) {
        notes.push_back({0, "no-energy-meter",
                         "energy of the processor could not be measured here; time is compared instead. "
                         "'espalier doctor' "
                         "says what would allow it",
                         ""});
    }
    return notes;
}

}  // namespace espalier::lab
