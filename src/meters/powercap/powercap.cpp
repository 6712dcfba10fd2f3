#include "meters/powercap/powercap.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/error.h"

namespace espalier::meters {
namespace {

constexpr Seconds kRefreshPeriod{0.001};
/// At 0.3 W, less than any package or memory draws, a counter moves by 245 of its steps of 61 uJ meanwhile.
constexpr Seconds kLongestRest{0.05};
constexpr double kCounterSteps = 4294967295.0;  // the counters have 32 bits

CounterLimits limits_of(const RaplZone& zone) { return {zone.range, kMaxPackagePower, kRefreshPeriod}; }

/// Those of the hardware itself. A core or a graphics unit may be off; a package and memory never are.
CounterLimits limits_of_hardware(const RaplZone& zone) {
    CounterLimits limits = limits_of(zone);
    const bool always_draws = zone.zone.role != ZoneRole::kContained;
    if (always_draws) limits.longest_rest = kLongestRest;
    return limits;
}

bool adds(const RaplZone& zone) { return zone.zone.role == ZoneRole::kAdded; }

std::string scope_of_total(const std::vector<RaplZone>& zones) {
    const auto packages = std::count_if(zones.begin(), zones.end(),
                                        [](const RaplZone& zone) { return adds(zone) && zone.top_level; });
    const bool dram = std::any_of(zones.begin(), zones.end(),
                                  [](const RaplZone& zone) { return adds(zone) && !zone.top_level; });
    return fmt::format("{} CPU package{}{}", packages, packages == 1 ? "" : "s", dram ? " + DRAM" : "");
}

}  // namespace

PowercapMeter::PowercapMeter(const FileTree& files, const Clock& clock, std::vector<RaplZone> zones)
    : files_(files), clock_(clock), zones_(std::move(zones)) {
    if (zones_.empty()) fail("a RAPL meter needs at least one powercap zone");
    for (const RaplZone& zone : zones_) counters_.emplace_back(limits_of_hardware(zone));
    description_.name = "powercap";
    description_.source = "RAPL powercap (" + files_.display("sys/class/powercap") + ")";
    description_.tier = Tier::kHardwareCounter;
    description_.unit = UnitKind::kCumulativeEnergy;
    description_.refresh_period = kRefreshPeriod;
    description_.always_draws = true;
    describe();
}

void PowercapMeter::describe() {
    description_.zones.clear();
    description_.resolution = 0;
    description_.longest_gap.reset();
    description_.notes = own_notes_;
    for (const RaplZone& zone : zones_) {
        description_.zones.push_back(zone.zone);
        const auto gap = limits_of(zone).longest_gap();
        if (gap) description_.longest_gap = std::min(description_.longest_gap.value_or(*gap), *gap);
        if (adds(zone) && zone.range) description_.resolution += zone.range->value() / kCounterSteps;
    }
    description_.scope = scope_of_total(zones_);
    if (has_ambiguous_dies()) {
        description_.notes.push_back(
            "the dies of a package may all show the counter of the socket, so their sum is not shown until "
            "a calibration has told them apart");
    }
    if (dies_ == DieRelation::kMirrored) {
        description_.notes.push_back("the dies of a package repeat one counter, which is counted once");
    }
}

bool PowercapMeter::has_ambiguous_dies() const {
    return std::any_of(zones_.begin(), zones_.end(),
                       [](const RaplZone& zone) { return zone.zone.role == ZoneRole::kAmbiguous; });
}

void PowercapMeter::settle_dies(DieRelation dies) {
    dies_ = dies;
    assign_roles(zones_, dies);
    describe();
}

void PowercapMeter::through_hypervisor() {
    counters_.clear();
    for (const RaplZone& zone : zones_) counters_.emplace_back(limits_of(zone));
    own_notes_.emplace_back("read through a hypervisor: a share of the host's energy that the host computes");
    description_.tier = Tier::kCalibratedModel;
    describe();
}

Reading PowercapMeter::read() {
    Reading reading{clock_.now(), {}};
    for (std::size_t i = 0; i < zones_.size(); ++i) reading.zones.push_back(read_zone(i));
    return reading;
}

ZoneReading PowercapMeter::read_zone(std::size_t index) {
    const std::string path = zones_[index].folder + "/energy_uj";
    const FileContent content = files_.read(path);
    const Seconds time = clock_.now();
    if (!content.ok()) {
        return counters_[index].interrupt(
            {GapKind::kUnreadable, files_.display(path) + ": " + std::strerror(content.error)});
    }
    std::uint64_t microjoules = 0;
    const char* end = content.text.data() + content.text.size();
    const auto result = std::from_chars(content.text.data(), end, microjoules);
    if (result.ec != std::errc() || result.ptr != end) {
        return counters_[index].interrupt(
            {GapKind::kMalformed, files_.display(path) + " holds no whole number"});
    }
    return counters_[index].accept(Joules(1e-6 * static_cast<double>(microjoules)), time);
}

}  // namespace espalier::meters
