#include <fmt/core.h>

#include <algorithm>

#include "meters/doctor.h"

namespace espalier::meters {
namespace {

constexpr double kQuietLoad = 0.05;   // of all processors
constexpr double kStealLimit = 0.01;  // above it, runs are disturbed by other guests
constexpr double kHotCelsius = 70.0;  // leakage and throttling make a hot start unlike a cool one

Check noise(std::string id, std::string title) {
    Check check;
    check.id = std::move(id);
    check.area = "noise";
    check.title = std::move(title);
    return check;
}

Check warn(Check check, std::string meaning, std::string fix, std::string script = "") {
    check.state = CheckState::kWarn;
    check.meaning = std::move(meaning);
    check.fix = std::move(fix);
    check.script = std::move(script);
    return check;
}

Check say(Check check, CheckState state, std::string meaning) {
    check.state = state;
    check.meaning = std::move(meaning);
    return check;
}

Check check_governor(const Environment& environment) {
    Check check = noise("governor", "Frequency governor");
    if (environment.governors.empty()) {
        return say(check, CheckState::kAbsent, "clocks are not governed by this system");
    }
    std::string names;
    for (const auto& [governor, policies] : environment.governors) {
        names += fmt::format("{}{} on {}", names.empty() ? "" : ", ", governor, policies);
    }
    if (environment.governors.size() == 1 && environment.governors.begin()->first == "performance") {
        return say(check, CheckState::kOk, names);
    }
    return warn(
        check, names + ": clocks follow the load, so times depend on what ran before",
        "cpupower frequency-set -g performance",
        "for governor in /sys/devices/system/cpu/cpufreq/policy*/scaling_governor; do echo performance > "
        "\"$governor\"; done");
}

Check check_turbo(const Environment& environment) {
    Check check = noise("turbo", "Turbo");
    if (!environment.turbo) return say(check, CheckState::kAbsent, "not told by this system");
    if (!*environment.turbo) return say(check, CheckState::kOk, "off");
    const char* command =
        "if [ -e /sys/devices/system/cpu/intel_pstate/no_turbo ]; then echo 1 > "
        "/sys/devices/system/cpu/intel_pstate/no_turbo; else echo 0 > /sys/devices/system/cpu/cpufreq/boost; "
        "fi";
    return warn(check, "on: clocks depend on temperature and on how many cores work",
                "switch it off while measuring", command);
}

Check check_smt(const Environment& environment) {
    Check check = noise("smt", "Simultaneous multithreading");
    if (!environment.smt) return say(check, CheckState::kAbsent, "not told by this system");
    if (!*environment.smt) return say(check, CheckState::kOk, "off");
    return warn(check, "on: two threads may share a core, so times depend on where they are placed",
                "echo off > /sys/devices/system/cpu/smt/control",
                "echo off > /sys/devices/system/cpu/smt/control");
}

Check check_load(const Environment& environment) {
    Check check = noise("load", "Other load");
    if (!environment.load_1min) return say(check, CheckState::kAbsent, "no load average");
    const double share = *environment.load_1min / std::max(1, environment.cpu.logical_cpus);
    const std::string text = fmt::format("{:.0f} % of {} processors in the last minute", 100 * share,
                                         std::max(1, environment.cpu.logical_cpus));
    if (share < kQuietLoad) return say(check, CheckState::kOk, text);
    return warn(check, text + ": other programs disturb times and energy",
                "stop them (see top), wait a minute");
}

Check check_swap(const Environment& environment) {
    Check check = noise("swap", "Swap");
    if (!environment.swap_used) return say(check, CheckState::kAbsent, "not told by this system");
    if (environment.swap_used->value == 0) return say(check, CheckState::kOk, "not in use");
    return warn(check,
                fmt::format("{} MB in use: weights may have to be read back from disk",
                            environment.swap_used->value / 1000000),
                "swapoff -a", "swapoff -a");
}

Check check_virtualization(const Environment& environment) {
    Check check = noise("virtualization", "Virtualization");
    if (environment.hypervisor.empty()) {
        return say(check, CheckState::kOk,
                   environment.container.empty() ? "bare metal"
                                                 : environment.container + " container on bare metal");
    }
    return warn(check,
                fmt::format("virtual machine ({}): neighbours share the processor, and energy counters are "
                            "hidden or shared",
                            environment.hypervisor),
                "measure on bare metal where energy matters");
}

Check check_steal(const Environment& environment) {
    Check check = noise("steal", "Stolen time");
    if (!environment.steal) return say(check, CheckState::kAbsent, "not told by this system");
    const std::string text = fmt::format("{:.2f} % since the machine started", 100 * *environment.steal);
    if (*environment.steal <= kStealLimit) return say(check, CheckState::kOk, text);
    return warn(check, text + ": the hypervisor gives the processor to others", "use a host of your own");
}

Check check_quota(const Environment& environment) {
    Check check = noise("cpu-quota", "CPU limit");
    if (!environment.cpu_quota) return say(check, CheckState::kOk, "none");
    return warn(
        check,
        fmt::format("the control group grants {:.2g} processors and pauses the program when they are used up",
                    *environment.cpu_quota),
        "start the container without a CPU limit");
}

Check check_power_supply(const Environment& environment) {
    Check check = noise("battery", "Power supply");
    if (!environment.on_battery) return say(check, CheckState::kOk, "no battery");
    if (!*environment.on_battery) return say(check, CheckState::kOk, "plugged in");
    return warn(check, "on battery: the firmware may hold clocks down", "plug the machine in");
}

Check check_temperature(const Environment& environment) {
    Check check = noise("temperature", "Temperature");
    if (!environment.temperature_c) return say(check, CheckState::kAbsent, "no processor sensor");
    const std::string text = fmt::format("{:.0f} degrees Celsius", *environment.temperature_c);
    if (*environment.temperature_c < kHotCelsius) return say(check, CheckState::kOk, text);
    return warn(check, text + ": hot before anything is measured",
                "let it cool down; look after fans and dust");
}

Check check_watchdog(const Environment& environment) {
    Check check = noise("nmi-watchdog", "NMI watchdog");
    if (!environment.nmi_watchdog) return say(check, CheckState::kAbsent, "not told by this system");
    if (!*environment.nmi_watchdog) return say(check, CheckState::kOk, "off");
    return warn(check, "on: it wakes every processor now and then", "sysctl kernel.nmi_watchdog=0",
                "sysctl kernel.nmi_watchdog=0");
}

}  // namespace

std::vector<Check> check_noise(const Environment& environment) {
    return {check_governor(environment),    check_turbo(environment),   check_smt(environment),
            check_load(environment),        check_swap(environment),    check_virtualization(environment),
            check_steal(environment),       check_quota(environment),   check_power_supply(environment),
            check_temperature(environment), check_watchdog(environment)};
}

std::vector<Check> check_capability(const Environment& environment) {
    Check isa{"isa", "capability", "Kernels", CheckState::kOk, environment.isa + " instructions", "", ""};
    if (environment.isa == "portable") {
        isa.state = CheckState::kWarn;
        isa.meaning = "portable code only: neither AVX2 nor AVX-512 here, so every variant is slow";
    }
    Check memory{
        "memory-size", "capability", "Memory size", CheckState::kAbsent, "not told by this system", "", ""};
    if (environment.memory && environment.memory_available) {
        memory.state = CheckState::kOk;
        memory.meaning = fmt::format("{:.1f} of {:.1f} GB available",
                                     1e-9 * static_cast<double>(environment.memory_available->value),
                                     1e-9 * static_cast<double>(environment.memory->value));
    }
    return {isa, memory};
}

}  // namespace espalier::meters
