#include <fmt/core.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "meters/battery/battery.h"

namespace espalier::meters {
namespace {

constexpr const char* kRoot = "sys/class/power_supply";

std::optional<GaugeKind> best_gauge(const FileTree& files, const std::string& folder) {
    const auto has = [&](const char* file) { return files.exists(folder + "/" + file); };
    if (has("energy_now")) return GaugeKind::kEnergy;
    if (has("charge_now") && has("voltage_now")) return GaugeKind::kCharge;
    if (has("power_now")) return GaugeKind::kPower;
    if (has("current_now") && has("voltage_now")) return GaugeKind::kCurrent;
    return std::nullopt;
}

/// A gauge of energy cannot be added to one of power: where some battery has no counter, all tell power.
void level_down(const FileTree& files, PowerSupplies& supplies) {
    bool power = false;
    for (const Battery& battery : supplies.batteries)
        power = power || battery.gauge == GaugeKind::kPower || battery.gauge == GaugeKind::kCurrent;
    if (!power) return;
    for (Battery& battery : supplies.batteries) {
        if (battery.gauge == GaugeKind::kPower || battery.gauge == GaugeKind::kCurrent) continue;
        const bool direct = files.exists(battery.folder + "/power_now");
        supplies.without_gauge =
            supplies.without_gauge || (!direct && !files.exists(battery.folder + "/current_now"));
        battery.gauge = direct ? GaugeKind::kPower : GaugeKind::kCurrent;
    }
}

Availability check(const FileTree& files, const PowerSupplies& supplies) {
    if (supplies.without_gauge) {
        return {State::kUnsupported, "a battery tells neither its energy, its charge nor its power",
                "use a wall meter"};
    }
    if (supplies.batteries.empty()) return {State::kAbsent, "no battery", "nothing is missing without one"};
    const std::string why = not_discharging(files, supplies);
    if (why.empty()) return {State::kOk, "", ""};
    return {State::kAbsent, why + ": on mains the gauge does not tell what the machine draws",
            "unplug the charger to measure the whole machine, in windows of ten minutes or more"};
}

}  // namespace

PowerSupplies find_power_supplies(const FileTree& files) {
    PowerSupplies supplies;
    for (const std::string& entry : files.list(kRoot)) {
        const std::string folder = fmt::format("{}/{}", kRoot, entry);
        const std::string type = files.read(folder + "/type").text;
        if (files.read(folder + "/scope").text == "Device") continue;
        if (type == "Mains" || type == "USB") supplies.adapters.push_back(folder);
        if (type != "Battery") continue;
        const auto gauge = best_gauge(files, folder);
        if (gauge) supplies.batteries.push_back({folder, entry, *gauge});
        if (!gauge) supplies.without_gauge = true;
    }
    level_down(files, supplies);
    return supplies;
}

std::string not_discharging(const FileTree& files, const PowerSupplies& supplies) {
    for (const std::string& adapter : supplies.adapters) {
        const FileContent online = files.read(adapter + "/online");
        if (!online.ok())
            return fmt::format("{}/online: {}", files.display(adapter), std::strerror(online.error));
        if (online.text != "0") return fmt::format("{} is plugged in", files.display(adapter));
    }
    bool discharging = false;
    for (const Battery& battery : supplies.batteries) {
        const FileContent status = files.read(battery.folder + "/status");
        if (!status.ok())
            return fmt::format("{}/status: {}", files.display(battery.folder), std::strerror(status.error));
        if (status.text == "Charging") return battery.name + " charges";
        discharging = discharging || status.text == "Discharging";
    }
    return discharging ? "" : "no battery discharges";
}

void discover_battery(const DiscoveryOptions& options, Discovery& discovery) {
    const PowerSupplies supplies = find_power_supplies(options.files);
    Finding finding{"battery", "Whole machine by its battery gauge", Tier::kIntegratedSensor,
                    check(options.files, supplies)};
    if (finding.availability.state == State::kOk) {
        auto meter = std::make_unique<BatteryMeter>(options.files, options.clock, supplies);
        finding.availability.reason = meter->description().scope;
        discovery.meters.push_back(std::move(meter));
    }
    discovery.findings.push_back(std::move(finding));
}

}  // namespace espalier::meters
