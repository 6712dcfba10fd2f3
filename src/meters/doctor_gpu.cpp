#include <fmt/format.h>

#include "meters/doctor.h"

namespace espalier::meters {
namespace {

std::string on_off(const std::optional<bool>& flag) {
    if (!flag) return "unknown";
    return *flag ? "on" : "off";
}

template <typename T>
std::string or_unknown(const std::optional<T>& value, const char* unit) {
    return value ? fmt::format("{} {}", *value, unit) : "unknown";
}

std::string describe(const nvml::Snapshot& gpu) {
    const std::string limit =
        gpu.power_limit ? fmt::format("{:.0f} W", gpu.power_limit->value()) : std::string("unknown");
    return fmt::format("{}, {}, driver {}; {} of at most {}, {}, limit {}, ECC {}, MIG {}",
                       gpu.name.empty() ? "unknown model" : gpu.name, gpu.uuid,
                       gpu.driver_version.empty() ? "unknown" : gpu.driver_version,
                       or_unknown(gpu.graphics_mhz, "MHz"), or_unknown(gpu.max_graphics_mhz, "MHz"),
                       or_unknown(gpu.temperature_c, "degrees Celsius"), limit, on_off(gpu.ecc),
                       on_off(gpu.mig));
}

Check check_state(const nvml::Snapshot& gpu, const std::string& number) {
    return {"gpu" + number, "capability", "GPU" + number, CheckState::kOk, describe(gpu), "", ""};
}

Check check_persistence(const nvml::Snapshot& gpu, const std::string& number) {
    Check check{
        "gpu-persistence" + number, "noise", "GPU persistence" + number, CheckState::kOk, "on", "", ""};
    if (!gpu.persistence) {
        check.state = CheckState::kAbsent;
        check.meaning = "not told by this driver";
    } else if (!*gpu.persistence) {
        check.state = CheckState::kWarn;
        check.meaning = "off: the driver leaves the GPU when nobody uses it, and its counters begin anew";
        check.fix = "nvidia-smi -pm 1";
        check.script = "nvidia-smi -pm 1 -i " + gpu.uuid + "\n";
    }
    return check;
}

Check check_throttle(const nvml::Snapshot& gpu, const std::string& number) {
    Check check{
        "gpu-throttle" + number, "noise", "GPU clocks" + number, CheckState::kOk, "not held down", "", ""};
    const auto slowdowns = gpu.slowdowns();
    if (!gpu.throttle) {
        check.state = CheckState::kAbsent;
        check.meaning = "why clocks are held down is not told by this driver";
    } else if (!slowdowns.empty()) {
        check.state = CheckState::kWarn;
        check.meaning = fmt::format("held down: {}", fmt::join(slowdowns, ", "));
        check.fix =
            "let it cool down, look after its power supply and limit: nvidia-smi -q -d PERFORMANCE,POWER";
    }
    return check;
}

}  // namespace

std::vector<Check> check_gpus(const std::vector<nvml::Snapshot>& gpus) {
    std::vector<Check> checks;
    for (std::size_t i = 0; i < gpus.size(); ++i) {
        const std::string number = gpus.size() == 1 ? "" : fmt::format("-{}", i);
        checks.push_back(check_persistence(gpus[i], number));
        checks.push_back(check_throttle(gpus[i], number));
        checks.push_back(check_state(gpus[i], number));
    }
    return checks;
}

}  // namespace espalier::meters
