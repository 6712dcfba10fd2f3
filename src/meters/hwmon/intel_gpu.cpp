#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "meters/hwmon/chips.h"
#include "meters/hwmon/hwmon.h"
#include "meters/hwmon/hwmon_meters.h"

namespace espalier::meters {
namespace {

constexpr Watts kMaxCardPower{1000};
// The drivers watch a counter of 32 bits whose unit they do not tell: 2^-16 J is the smallest there is, which
// bounds the time between reads, 2^-14 J the usual one.
constexpr Joules kRange{65536};
constexpr Joules kStep{1.0 / 16384};
// 1 ms to 100 ms by the platform; the longest bounds the error at the edges.
constexpr Seconds kRefresh{0.1};

bool is_intel_gpu(std::string_view name) { return name == "xe" || name.substr(0, 4) == "i915"; }

/// Whether a channel stands for the whole card: it is labelled so, has no label and is the first, or is the
/// only one. i915 names its chip of a tile i915_gt0.
bool is_card(const HwmonChip& chip, const HwmonChannel& channel, std::size_t channels) {
    if (chip.name.rfind("i915_gt", 0) == 0) return false;
    const bool first = channel.label.empty() && channel.id == "energy1";
    return channel.label == "card" || first || channels == 1;
}

void add_zones(const HwmonChip& chip, const std::vector<HwmonChannel>& channels,
               std::vector<HwmonZone>& zones) {
    for (const HwmonChannel& channel : channels) {
        const bool card = is_card(chip, channel, channels.size());
        const std::string part = channel.label.empty() ? channel.id : channel.label;
        Zone zone;
        zone.role = card ? ZoneRole::kAdded : ZoneRole::kContained;
        zone.id = card ? chip.address : fmt::format("{}/{}/{}", chip.address, chip.name, part);
        zone.scope = card ? fmt::format("Intel graphics card {} ({})", chip.address, chip.name)
                          : fmt::format("{} of {}", part, chip.address);
        zones.push_back({std::move(zone), channel.path});
    }
}

Finding absent() {
    return {"intel-gpu",
            "Intel GPU energy (drivers i915 and xe)",
            Tier::kHardwareCounter,
            {State::kAbsent, "no Intel graphics card that counts energy",
             "a discrete card needs Linux 6.2 (i915) or 6.8 (xe); integrated graphics is in the package"}};
}

}  // namespace

void discover_intel_gpu(const DiscoveryOptions& options, Discovery& discovery) {
    std::vector<HwmonZone> zones;
    std::optional<Availability> why;
    for (const HwmonChip& chip : find_hwmon_chips(options.files)) {
        if (!is_intel_gpu(chip.name)) continue;
        const auto channels = find_channels(options.files, chip, "energy", "input");
        if (!why) why = unreadable_channel(options.files, channels);
        add_zones(chip, channels, zones);
    }
    Finding finding = absent();
    const auto cards = std::count_if(
        zones.begin(), zones.end(), [](const HwmonZone& zone) { return zone.zone.role == ZoneRole::kAdded; });
    if (why) {
        finding.availability = *why;
    } else if (cards > 0) {
        Description description;
        description.name = "intel-gpu";
        description.source =
            fmt::format("i915 and xe energy counters ({})", options.files.display("sys/class/hwmon"));
        description.scope = fmt::format("{} graphics card{}", cards, cards == 1 ? "" : "s");
        description.part = Part::kGpu;
        description.always_draws = true;
        description.resolution = kStep.value() * static_cast<double>(cards);
        finding.availability = {State::kOk, description.scope, ""};
        discovery.meters.push_back(
            std::make_unique<HwmonEnergyMeter>(options.files, options.clock, std::move(description),
                                               CounterLimits{kRange, kMaxCardPower, kRefresh, true}, zones));
    }
    discovery.findings.push_back(std::move(finding));
}

}  // namespace espalier::meters
