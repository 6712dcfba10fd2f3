#include "meters/hwmon/amd_energy.h"

#include <fmt/core.h>

#include <algorithm>
#include <string_view>

#include "meters/hwmon/chips.h"
#include "meters/number_file.h"

namespace espalier::meters {
namespace {

// The driver does not tell the counter beneath: 32 bits of 2^-16 J, the smallest step that processors have.
constexpr Joules kRange{65536};
constexpr Joules kStep{1.0 / 65536};
constexpr std::string_view kSocket = "Esocket";

/// "package-1" of the label "Esocket1".
RaplZone zone_of(const HwmonChannel& channel) {
    const std::string name = "package-" + channel.label.substr(kSocket.size());
    RaplZone zone = make_rapl_zone(name, name);
    zone.place = channel.path;
    zone.range = kRange;
    zone.step = kStep;
    return zone;
}

std::vector<HwmonChannel> sockets(const FileTree& files) {
    std::vector<HwmonChannel> found;
    for (const HwmonChip& chip : find_hwmon_chips(files)) {
        if (chip.name != "amd_energy") continue;
        for (HwmonChannel& channel : find_channels(files, chip, "energy", "input")) {
            if (channel.label.rfind(kSocket, 0) == 0) found.push_back(std::move(channel));
        }
    }
    return found;
}

}  // namespace

AmdEnergyMeter::AmdEnergyMeter(const FileTree& files, const Clock& clock, std::vector<RaplZone> zones)
    : RaplMeter(clock, "amd-energy", "driver amd_energy (" + files.display("sys/class/hwmon") + ")",
                std::move(zones), Wraps::kAddedUp),
      files_(files) {}

std::variant<Joules, Gap> AmdEnergyMeter::read_counter(std::size_t zone) {
    const NumberRead microjoules = read_count(files_, zones()[zone].place);
    if (const Gap* gap = std::get_if<Gap>(&microjoules)) return *gap;
    return Joules(1e-6 * static_cast<double>(std::get<std::int64_t>(microjoules)));
}

RaplCandidate find_amd_energy(const DiscoveryOptions& options) {
    Finding finding{"amd-energy",
                    "CPU packages (RAPL counters of the driver amd_energy)",
                    Tier::kHardwareCounter,
                    {State::kAbsent, "no driver amd_energy",
                     "modprobe amd_energy   (AMD EPYC; it is no part "
                     "of newer kernels, where powercap and perf show the same)"}};
    const std::vector<HwmonChannel> channels = sockets(options.files);
    if (channels.empty()) return {std::move(finding), nullptr};
    if (auto why = unreadable_channel(options.files, channels)) {
        finding.availability = std::move(*why);
        return {std::move(finding), nullptr};
    }
    std::vector<RaplZone> zones;
    for (const HwmonChannel& channel : channels) zones.push_back(zone_of(channel));
    assign_roles(zones, DieRelation::kUnknown);
    return working_candidate(
        options.files, std::move(finding),
        std::make_unique<AmdEnergyMeter>(options.files, options.clock, std::move(zones)));
}

}  // namespace espalier::meters
