#include "meters/rapl/rapl_meter.h"

#include <algorithm>

#include "base/error.h"

namespace espalier::meters {
namespace {

constexpr Seconds kRefreshPeriod{0.001};
/// At 0.3 W, less than any package or memory draws, a counter moves by 245 of its steps of 61 uJ meanwhile.
constexpr Seconds kLongestRest{0.05};

bool adds(const RaplZone& zone) { return zone.zone.role == ZoneRole::kAdded; }

std::string scope_of_total(const std::vector<RaplZone>& zones) {
    const auto packages = std::count_if(zones.begin(), zones.end(),
                                        [](const RaplZone& zone) { return adds(zone) && zone.top_level; });
    const bool dram = std::any_of(zones.begin(), zones.end(),
                                  [](const RaplZone& zone) { return adds(zone) && !zone.top_level; });
    return fmt::format("{} CPU package{}{}", packages, packages == 1 ? "" : "s", dram ? " + DRAM" : "");
}

}  // namespace

RaplMeter::RaplMeter(const Clock& clock, std::string name, std::string source, std::vector<RaplZone> zones,
                     Wraps wraps)
    : clock_(clock), zones_(std::move(zones)), wraps_(wraps) {
    if (zones_.empty()) fail("meter '{}' needs at least one zone", name);
    for (const RaplZone& zone : zones_) counters_.emplace_back(limits_of(zone));
    description_.name = std::move(name);
    description_.source = std::move(source);
    description_.tier = Tier::kHardwareCounter;
    description_.unit = UnitKind::kCumulativeEnergy;
    description_.refresh_period = kRefreshPeriod;
    description_.always_draws = true;
    describe();
}

CounterLimits RaplMeter::limits_of(const RaplZone& zone) const {
    CounterLimits limits{zone.range, kMaxPackagePower, kRefreshPeriod, wraps_ == Wraps::kAddedUp};
    // A core or a graphics unit may be off; a package and memory never are.
    if (!may_rest_ && zone.zone.role != ZoneRole::kContained) limits.longest_rest = kLongestRest;
    return limits;
}

void RaplMeter::describe() {
    description_.zones.clear();
    description_.resolution = 0;
    description_.longest_gap.reset();
    description_.notes = own_notes_;
    for (const RaplZone& zone : zones_) {
        description_.zones.push_back(zone.zone);
        const auto gap = limits_of(zone).longest_gap();
        if (gap) description_.longest_gap = std::min(description_.longest_gap.value_or(*gap), *gap);
        if (adds(zone)) description_.resolution += zone.step.value();
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

std::size_t RaplMeter::zones_in_total() const {
    return static_cast<std::size_t>(std::count_if(zones_.begin(), zones_.end(), [](const RaplZone& zone) {
        return adds(zone) || zone.zone.role == ZoneRole::kAmbiguous;
    }));
}

bool RaplMeter::has_ambiguous_dies() const {
    return std::any_of(zones_.begin(), zones_.end(),
                       [](const RaplZone& zone) { return zone.zone.role == ZoneRole::kAmbiguous; });
}

void RaplMeter::settle_dies(DieRelation dies) {
    dies_ = dies;
    assign_roles(zones_, dies);
    describe();
}

std::optional<Joules> RaplMeter::shown_now(std::size_t zone) {
    const auto shown = read_counter(zone);
    const auto* energy = std::get_if<Joules>(&shown);
    return energy != nullptr ? std::optional(*energy) : std::nullopt;
}

void RaplMeter::lower_tier(Tier tier, const std::string& note) {
    description_.tier = tier;
    may_rest_ = true;
    counters_.clear();
    for (const RaplZone& zone : zones_) counters_.emplace_back(limits_of(zone));
    add_note(note);
}

void RaplMeter::add_note(const std::string& note) {
    own_notes_.push_back(note);
    describe();
}

Reading RaplMeter::read() {
    Reading reading{clock_.now(), {}};
    for (std::size_t i = 0; i < zones_.size(); ++i) {
        auto raw = read_counter(i);
        if (Gap* gap = std::get_if<Gap>(&raw)) {
            reading.zones.emplace_back(counters_[i].interrupt(std::move(*gap)));
        } else {
            reading.zones.push_back(counters_[i].accept(std::get<Joules>(raw), clock_.now()));
        }
    }
    return reading;
}

}  // namespace espalier::meters
