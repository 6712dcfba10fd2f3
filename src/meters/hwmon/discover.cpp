#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "meters/hwmon/chips.h"
#include "meters/hwmon/hwmon.h"
#include "meters/hwmon/hwmon_meters.h"
#include "meters/number_file.h"

namespace espalier::meters {
namespace {

constexpr Watts kMaxPower{5000};       // of a machine with its GPUs
constexpr Seconds kUnknownRefresh{1};  // longer than most drivers keep a value

/// Drivers whose chips other meters read.
bool has_own_meter(const FileTree& files, const std::string& name) {
    constexpr std::array<std::string_view, 3> kOthers = {"amd_energy", "ina3221", "xe"};
    return std::find(kOthers.begin(), kOthers.end(), name) != kOthers.end() || name.rfind("i915", 0) == 0 ||
           files.exists("sys/class/power_supply/" + name);  // a battery's chip is named as the battery
}

HwmonZone zone_of(const HwmonChip& chip, const HwmonChannel& channel) {
    const std::string what = channel.label.empty() ? channel.id : channel.label;
    return {{fmt::format("{}/{}/{}", chip.name, chip.address, channel.id),
             fmt::format("{} of {}", what, chip.name), ZoneRole::kContained},
            channel.path};
}

Description describe(const FileTree& files, const char* name, const std::vector<HwmonZone>& zones) {
    Description description;
    description.name = name;
    description.source = "hardware monitoring (" + files.display("sys/class/hwmon") + ")";
    description.scope = fmt::format("{} sensor{}; no total", zones.size(), zones.size() == 1 ? "" : "s");
    description.part = Part::kMachine;
    description.notes = {"what these sensors cover is not known, so they are shown and never added"};
    return description;
}

/// The longest time over which a driver says that it averages.
Seconds longest_averaging(const FileTree& files, const std::vector<HwmonZone>& zones) {
    Seconds longest;
    for (const HwmonZone& zone : zones) {
        constexpr std::string_view kAverage = "_average";
        if (!zone.path.ends_with(kAverage)) continue;
        const NumberRead milliseconds = read_count(files, zone.path + "_interval");
        const std::int64_t* value = std::get_if<std::int64_t>(&milliseconds);
        longest = std::max(longest,
                           value != nullptr ? Seconds(1e-3 * static_cast<double>(*value)) : kUnknownRefresh);
    }
    return longest;
}

/// The readable sensors, and why the first that is not cannot be read.
struct Sensors {
    std::vector<HwmonZone> energies;
    std::vector<HwmonZone> powers;
    std::optional<Availability> why;
};

void take(const FileTree& files, const HwmonChip& chip, const std::vector<HwmonChannel>& channels,
          std::vector<HwmonZone>& zones, std::optional<Availability>& why) {
    for (const HwmonChannel& channel : channels) {
        auto problem = unreadable_channel(files, {channel});
        if (!problem) {
            zones.push_back(zone_of(chip, channel));
        } else if (!why) {
            why = std::move(problem);
        }
    }
}

Sensors find_sensors(const FileTree& files) {
    Sensors sensors;
    for (const HwmonChip& chip : find_hwmon_chips(files)) {
        if (has_own_meter(files, chip.name)) continue;
        take(files, chip, find_channels(files, chip, "energy", "input"), sensors.energies, sensors.why);
        const auto momentary = find_channels(files, chip, "power", "input");
        // A driver that gives both tells the same twice.
        take(files, chip, momentary.empty() ? find_channels(files, chip, "power", "average") : momentary,
             sensors.powers, sensors.why);
    }
    return sensors;
}

void make_meters(const DiscoveryOptions& options, const Sensors& sensors, Discovery& discovery) {
    const FileTree& files = options.files;
    if (!sensors.energies.empty()) {
        discovery.meters.push_back(std::make_unique<HwmonEnergyMeter>(
            files, options.clock, describe(files, "hwmon-energy", sensors.energies),
            CounterLimits{std::nullopt, kMaxPower, kUnknownRefresh}, sensors.energies));
    }
    if (!sensors.powers.empty()) {
        Description description = describe(files, "hwmon-power", sensors.powers);
        description.refresh_period = kUnknownRefresh;
        description.averaging = longest_averaging(files, sensors.powers);
        discovery.meters.push_back(
            std::make_unique<HwmonPowerMeter>(files, options.clock, std::move(description), sensors.powers));
    }
}

}  // namespace

void discover_hwmon(const DiscoveryOptions& options, Discovery& discovery) {
    const Sensors sensors = find_sensors(options.files);
    Finding finding{"hwmon",
                    "Other energy and power sensors (shown, never added)",
                    Tier::kNone,
                    {State::kAbsent, "no other sensor of energy or power", "nothing is missing without one"}};
    std::vector<std::string> names;
    for (const auto* zones : {&sensors.energies, &sensors.powers}) {
        for (const HwmonZone& zone : *zones) names.push_back(zone.zone.id);
    }
    if (!names.empty()) {
        finding.availability = {State::kOk,
                                fmt::format("shown, never added, because what they cover is not known: {}",
                                            fmt::join(names, ", ")),
                                ""};
    } else if (sensors.why) {
        finding.availability = *sensors.why;
    }
    make_meters(options, sensors, discovery);
    discovery.findings.push_back(std::move(finding));
}

}  // namespace espalier::meters
