#include "meters/nvml/snapshot.h"

#include <array>
#include <nlohmann/json.hpp>

namespace espalier::meters::nvml {
namespace {

/// A bit of nvmlClocksEventReasons, and whether it slows work down that somebody waits for.
struct Reason {
    unsigned long long bit;
    const char* name;
    bool slowdown;
};

constexpr std::array<Reason, 9> kReasons = {{{0x001, "idle", false},
                                             {0x002, "application clocks", false},
                                             {0x004, "power cap", true},
                                             {0x008, "hardware slowdown", true},
                                             {0x010, "sync boost", true},
                                             {0x020, "thermal", true},
                                             {0x040, "hardware thermal", true},
                                             {0x080, "power brake", true},
                                             {0x100, "display clocks", false}}};

std::optional<unsigned> clock_of(const std::function<Result(Device, ClockKind, unsigned*)>& function,
                                 const Gpu& gpu, ClockKind clock) {
    unsigned mhz = 0;
    if (call(function, gpu.device, clock, &mhz) != Result::kSuccess) return std::nullopt;
    return mhz;
}

std::optional<unsigned> temperature_of(const Gpu& gpu) {
    unsigned degrees = 0;
    const auto& function = gpu.library->functions().temperature;
    if (call(function, gpu.device, kTemperatureOfGpu, &degrees) != Result::kSuccess) return std::nullopt;
    return degrees;
}

std::optional<unsigned> plain_number(const std::function<Result(Device, unsigned*)>& function,
                                     const Gpu& gpu) {
    unsigned value = 0;
    if (call(function, gpu.device, &value) != Result::kSuccess) return std::nullopt;
    return value;
}

std::optional<bool> ecc_of(const Gpu& gpu) {
    unsigned current = 0;
    unsigned pending = 0;
    if (call(gpu.library->functions().ecc, gpu.device, &current, &pending) != Result::kSuccess)
        return std::nullopt;
    return current == 1;
}

std::optional<std::vector<std::string>> throttle_of(const Gpu& gpu) {
    unsigned long long bits = 0;
    if (call(gpu.library->functions().throttle, gpu.device, &bits) != Result::kSuccess) return std::nullopt;
    std::vector<std::string> names;
    for (const Reason& reason : kReasons) {
        if ((bits & reason.bit) != 0) names.emplace_back(reason.name);
    }
    return names;
}

template <typename T>
nlohmann::json or_null(const std::optional<T>& value) {
    return value ? nlohmann::json(*value) : nlohmann::json(nullptr);
}

nlohmann::json text_or_null(const std::string& text) {
    return text.empty() ? nlohmann::json(nullptr) : nlohmann::json(text);
}

}  // namespace

std::vector<std::string> Snapshot::slowdowns() const {
    std::vector<std::string> slow;
    for (const Reason& reason : kReasons) {
        if (!reason.slowdown || !throttle) continue;
        for (const std::string& given : *throttle) {
            if (given == reason.name) slow.push_back(given);
        }
    }
    return slow;
}

Snapshot look_at(const Gpu& gpu) {
    const Functions& functions = gpu.library->functions();
    Snapshot snapshot;
    snapshot.uuid = gpu.uuid;
    snapshot.name = gpu.name;
    snapshot.pci = gpu.pci;
    snapshot.driver_version = gpu.library->driver_version();
    snapshot.graphics_mhz = clock_of(functions.clock, gpu, ClockKind::kGraphics);
    snapshot.memory_mhz = clock_of(functions.clock, gpu, ClockKind::kMemory);
    snapshot.max_graphics_mhz = clock_of(functions.max_clock, gpu, ClockKind::kGraphics);
    snapshot.temperature_c = temperature_of(gpu);
    if (const auto milliwatts = plain_number(functions.power_limit, gpu))
        snapshot.power_limit = Watts(1e-3 * *milliwatts);
    if (const auto mode = plain_number(functions.persistence, gpu)) snapshot.persistence = *mode == 1;
    snapshot.ecc = ecc_of(gpu);
    snapshot.mig = gpu.mig;
    snapshot.throttle = throttle_of(gpu);
    return snapshot;
}

std::vector<Snapshot> look_at(const std::vector<Gpu>& gpus) {
    std::vector<Snapshot> snapshots;
    for (const Gpu& gpu : gpus) snapshots.push_back(look_at(gpu));
    return snapshots;
}

nlohmann::json to_json(const Snapshot& snapshot) {
    return {{"uuid", snapshot.uuid},
            {"name", text_or_null(snapshot.name)},
            {"pci", text_or_null(snapshot.pci)},
            {"driver_version", text_or_null(snapshot.driver_version)},
            {"graphics_mhz", or_null(snapshot.graphics_mhz)},
            {"memory_mhz", or_null(snapshot.memory_mhz)},
            {"max_graphics_mhz", or_null(snapshot.max_graphics_mhz)},
            {"temperature_c", or_null(snapshot.temperature_c)},
            {"power_limit_w",
             snapshot.power_limit ? nlohmann::json(snapshot.power_limit->value()) : nlohmann::json(nullptr)},
            {"persistence_mode", or_null(snapshot.persistence)},
            {"ecc", or_null(snapshot.ecc)},
            {"mig", or_null(snapshot.mig)},
            {"throttle_reasons", or_null(snapshot.throttle)}};
}

nlohmann::json to_json(const std::vector<Snapshot>& snapshots) {
    nlohmann::json list = nlohmann::json::array();
    for (const Snapshot& snapshot : snapshots) list.push_back(to_json(snapshot));
    return list;
}

}  // namespace espalier::meters::nvml
