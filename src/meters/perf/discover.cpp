#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "meters/perf/perf.h"
#include "meters/perf/power_events.h"
#include "meters/powercap/zones.h"
#include "meters/rapl/topology.h"

namespace espalier::meters {
namespace {

constexpr const char* kSource = "sys/bus/event_source/devices/power";
// Where powercap does not tell: the smallest range (2^32 steps of 2^-16 J) bounds the time between reads, and
// the largest step (2^-14 J) the resolution.
constexpr Joules kSmallestRange{65536};
constexpr Joules kLargestStep{1.0 / 16384};

Availability refused(const DiscoveryOptions& options, int error) {
    const std::string paranoid = options.files.read("proc/sys/kernel/perf_event_paranoid").text;
    const std::string reason = fmt::format("perf_event_open: {} (perf_event_paranoid = {})",
                                           std::strerror(error), paranoid.empty() ? "unknown" : paranoid);
    if (error == EACCES || error == EPERM) {
        return {State::kNoPermission, reason,
                "# The narrowest right: only espalier may watch the counters of the machine.\n"
                "setcap cap_perfmon+ep \"$(command -v espalier)\"\n"
                "# Or every program until the next boot: sysctl kernel.perf_event_paranoid=0\n"};
    }
    return {State::kBroken, reason, "look for RAPL messages in the kernel log: dmesg | grep -i rapl"};
}

/// Whether powercap lists the domain too, or lists nothing at all.
bool confirmed(const std::vector<RaplZone>& powercap, const std::string& domain) {
    if (powercap.empty()) return true;
    return std::any_of(powercap.begin(), powercap.end(), [&](const RaplZone& zone) {
        return zone.name == domain || (domain == "package" && zone.top_level && zone.name != "psys");
    });
}

RaplZone make_zone(const std::vector<RaplZone>& powercap, const PackageReader& reader,
                   const std::string& domain) {
    const std::string& name = domain == "package" ? reader.package : domain;
    RaplZone zone = make_rapl_zone(name, reader.package);
    zone.place = fmt::format("perf event {} on CPU {}", domain, reader.cpu);
    zone.range = kSmallestRange;
    zone.step = kLargestStep;
    const auto twin = std::find_if(powercap.begin(), powercap.end(), [&](const RaplZone& other) {
        return other.zone.id == zone.zone.id && other.range.has_value();
    });
    if (twin != powercap.end()) {
        zone.range = twin->range;
        zone.step = twin->step;
    }
    return zone;
}

/// Opens every event on every CPU; the errno of the first that is refused.
std::variant<std::vector<PerfZone>, int> open_all(const DiscoveryOptions& options, const PowerEvents& power) {
    const std::vector<RaplZone> powercap = find_powercap_zones(options.files);
    std::vector<PerfZone> zones;
    for (const PackageReader& reader : readers_of(options.files, power.cpus)) {
        for (const PowerEvent& event : power.events) {
            if (!confirmed(powercap, event.domain)) continue;
            auto opened = options.perf->open(power.type, event.config, reader.cpu);
            if (const int* error = std::get_if<int>(&opened)) return *error;
            zones.push_back({make_zone(powercap, reader, event.domain), event.joules_per_count,
                             std::move(std::get<std::unique_ptr<PerfCounter>>(opened))});
        }
    }
    return zones;
}

Availability check(const DiscoveryOptions& options, const std::variant<PowerEvents, Availability>& power) {
    if (const Availability* why = std::get_if<Availability>(&power)) return *why;
    if (options.perf == nullptr) {
        return {State::kAbsent, "events of the kernel are not looked for",
                "look at this machine itself, without --root"};
    }
    return check_filtering(options.files);
}

}  // namespace

RaplCandidate find_perf(const DiscoveryOptions& options) {
    const auto power = read_power_events(options.files);
    Finding finding{"perf", "CPU packages and DRAM (RAPL counters, added up by the kernel)",
                    Tier::kHardwareCounter, check(options, power)};
    if (finding.availability.state != State::kOk) return {std::move(finding), nullptr};
    auto opened = open_all(options, std::get<PowerEvents>(power));
    if (const int* error = std::get_if<int>(&opened)) {
        finding.availability = refused(options, *error);
        return {std::move(finding), nullptr};
    }
    auto& zones = std::get<std::vector<PerfZone>>(opened);
    if (zones.empty()) {
        finding.availability = {State::kUnsupported, "the powercap tree lists no domain that perf shows", ""};
        return {std::move(finding), nullptr};
    }
    return working_candidate(
        options.files, std::move(finding),
        std::make_unique<PerfMeter>(options.clock, options.files.display(kSource), std::move(zones)));
}

}  // namespace espalier::meters
