#include "meters/environment.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/cpu_features.h"
#include "meters/cpu/cpu_meter.h"
#include "meters/memory/memory_meter.h"

namespace espalier::meters {
namespace {

constexpr const char* kCpuFolder = "sys/devices/system/cpu";

std::optional<double> number_in(const FileTree& files, const std::string& path) {
    const FileContent content = files.read(path);
    double value = 0;
    const char* end = content.text.data() + content.text.size();
    const auto result = std::from_chars(content.text.data(), end, value);
    if (!content.ok() || result.ec != std::errc()) return std::nullopt;
    return value;
}

std::optional<bool> flag_in(const FileTree& files, const std::string& path) {
    const auto value = number_in(files, path);
    if (!value) return std::nullopt;
    return *value != 0;
}

std::string system_name(const FileTree& files) {
    std::istringstream lines(files.read("etc/os-release").text);
    const std::string key = "PRETTY_NAME=";
    for (std::string line; std::getline(lines, line);) {
        if (line.rfind(key, 0) != 0) continue;
        std::string value = line.substr(key.size());
        std::erase(value, '"');
        return value;
    }
    return {};
}

std::string hypervisor_name(const FileTree& files, const CpuInfo& cpu) {
    if (!cpu.has_flag("hypervisor")) return {};
    for (const char* path : {"sys/class/dmi/id/product_name", "sys/hypervisor/type"}) {
        const FileContent content = files.read(path);
        if (content.ok() && !content.text.empty()) return content.text;
    }
    return "unknown";
}

std::string container_name(const FileTree& files) {
    if (files.exists(".dockerenv")) return "docker";
    if (files.exists("run/.containerenv")) return "podman";
    return {};
}

std::optional<double> cpu_quota(const FileTree& files) {
    std::istringstream words(files.read("sys/fs/cgroup/cpu.max").text);
    double quota = 0;
    double period = 0;
    if (!(words >> quota >> period) || period <= 0) return std::nullopt;  // "max" is no number
    return quota / period;
}

std::map<std::string, int> governors(const FileTree& files) {
    std::map<std::string, int> counts;
    const std::string folder = std::string(kCpuFolder) + "/cpufreq";
    for (const std::string& policy : files.list(folder)) {
        const FileContent governor = files.read(fmt::format("{}/{}/scaling_governor", folder, policy));
        if (governor.ok() && !governor.text.empty()) ++counts[governor.text];
    }
    return counts;
}

std::optional<bool> turbo(const FileTree& files) {
    const std::string folder = kCpuFolder;
    if (const auto off = flag_in(files, folder + "/intel_pstate/no_turbo")) return !*off;
    return flag_in(files, folder + "/cpufreq/boost");
}

std::optional<double> steal_share(const FileTree& files) {
    const auto times = read_machine_times(files);
    if (!times) return std::nullopt;
    const Seconds all = times->busy + times->idle + times->steal;
    if (all <= Seconds(0)) return std::nullopt;
    return times->steal / all;
}

bool is_processor_sensor(const std::string& name) {
    constexpr std::array<std::string_view, 4> kSensors = {"coretemp", "k10temp", "zenpower", "cpu_thermal"};
    return std::find(kSensors.begin(), kSensors.end(), name) != kSensors.end();
}

std::optional<double> temperature(const FileTree& files) {
    std::optional<double> hottest;
    for (const std::string& device : files.list("sys/class/hwmon")) {
        const std::string folder = fmt::format("sys/class/hwmon/{}", device);
        if (!is_processor_sensor(files.read(folder + "/name").text)) continue;
        for (const std::string& entry : files.list(folder)) {
            if (entry.rfind("temp", 0) != 0 || !entry.ends_with("_input")) continue;
            const auto millidegrees = number_in(files, fmt::format("{}/{}", folder, entry));
            if (millidegrees) hottest = std::max(hottest.value_or(-273), *millidegrees / 1000);
        }
    }
    return hottest;
}

std::optional<bool> on_battery(const FileTree& files) {
    std::optional<bool> result;
    for (const std::string& supply : files.list("sys/class/power_supply")) {
        const std::string folder = fmt::format("sys/class/power_supply/{}", supply);
        // A mouse has a battery, too, but its scope is "Device".
        if (files.read(folder + "/type").text != "Battery" || files.read(folder + "/scope").text == "Device")
            continue;
        result = result.value_or(false) || files.read(folder + "/status").text == "Discharging";
    }
    return result;
}

std::optional<Bytes> swap_used(const std::string& meminfo) {
    const auto total = kibibytes_of(meminfo, "SwapTotal");
    const auto free = kibibytes_of(meminfo, "SwapFree");
    if (!total || !free) return std::nullopt;
    return Bytes{total->value - free->value};
}

template <typename T>
nlohmann::json or_null(const std::optional<T>& value) {
    return value ? nlohmann::json(*value) : nlohmann::json(nullptr);
}

nlohmann::json or_null(const std::optional<Bytes>& value) {
    return value ? nlohmann::json(value->value) : nlohmann::json(nullptr);
}

nlohmann::json text_or_null(const std::string& text) {
    return text.empty() ? nlohmann::json(nullptr) : nlohmann::json(text);
}

std::vector<std::string> listed_flags(const CpuInfo& cpu) {
    constexpr std::array<std::string_view, 10> kListed = {
        "avx2",        "avx512f",  "avx512_vnni", "avx_vnni", "amx_int8",
        "avx512_bf16", "amx_tile", "hypervisor",  "sgx",      "fma"};
    std::vector<std::string> flags;
    for (const std::string_view flag : kListed) {
        if (cpu.has_flag(flag)) flags.emplace_back(flag);
    }
    return flags;
}

nlohmann::json cpu_json(const Environment& environment) {
    const CpuInfo& cpu = environment.cpu;
    return {{"model", text_or_null(cpu.model)}, {"vendor", text_or_null(cpu.vendor)},
            {"sockets", cpu.sockets},           {"cores_per_socket", cpu.cores_per_socket},
            {"logical_cpus", cpu.logical_cpus}, {"usable_cpus", environment.usable_cpus},
            {"flags", listed_flags(cpu)},       {"isa", environment.isa}};
}

}  // namespace

Environment read_environment(const FileTree& files) {
    const std::string meminfo = files.read("proc/meminfo").text;
    Environment environment;
    environment.system = system_name(files);
    environment.kernel = files.read("proc/sys/kernel/osrelease").text;
    environment.cpu = read_cpu_info(files);
    environment.usable_cpus = espalier::usable_cpus();
    environment.isa = std::string(name(best_isa()));
    environment.hypervisor = hypervisor_name(files, environment.cpu);
    environment.container = container_name(files);
    environment.cpu_quota = cpu_quota(files);
    environment.governors = governors(files);
    environment.turbo = turbo(files);
    environment.smt = flag_in(files, std::string(kCpuFolder) + "/smt/active");
    environment.nmi_watchdog = flag_in(files, "proc/sys/kernel/nmi_watchdog");
    environment.load_1min = number_in(files, "proc/loadavg");
    environment.steal = steal_share(files);
    environment.temperature_c = temperature(files);
    environment.on_battery = on_battery(files);
    environment.memory = kibibytes_of(meminfo, "MemTotal");
    environment.memory_available = kibibytes_of(meminfo, "MemAvailable");
    environment.swap_used = swap_used(meminfo);
    return environment;
}

nlohmann::json to_json(const Environment& environment) {
    return {{"system", text_or_null(environment.system)},
            {"kernel", text_or_null(environment.kernel)},
            {"cpu", cpu_json(environment)},
            {"hypervisor", text_or_null(environment.hypervisor)},
            {"container", text_or_null(environment.container)},
            {"cpu_quota", or_null(environment.cpu_quota)},
            {"governors", environment.governors},
            {"turbo", or_null(environment.turbo)},
            {"smt", or_null(environment.smt)},
            {"nmi_watchdog", or_null(environment.nmi_watchdog)},
            {"load_1min", or_null(environment.load_1min)},
            {"steal_share", or_null(environment.steal)},
            {"temperature_c", or_null(environment.temperature_c)},
            {"on_battery", or_null(environment.on_battery)},
            {"memory_bytes", or_null(environment.memory)},
            {"memory_available_bytes", or_null(environment.memory_available)},
            {"swap_used_bytes", or_null(environment.swap_used)},
            {"gpus", nvml::to_json(environment.gpus)}};
}

}  // namespace espalier::meters
