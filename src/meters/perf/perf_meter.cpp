#include <cstring>

#include "meters/perf/perf.h"

namespace espalier::meters {
namespace {

std::vector<RaplZone> zones_of(const std::vector<PerfZone>& events) {
    std::vector<RaplZone> zones;
    for (const PerfZone& event : events) zones.push_back(event.zone);
    assign_roles(zones, DieRelation::kUnknown);
    return zones;
}

}  // namespace

PerfMeter::PerfMeter(const Clock& clock, const std::string& source, std::vector<PerfZone> zones)
    : RaplMeter(clock, "perf", "RAPL by perf_event_open (" + source + ")", zones_of(zones), Wraps::kAddedUp),
      events_(std::move(zones)) {}

std::variant<Joules, Gap> PerfMeter::read_counter(std::size_t zone) {
    PerfZone& event = events_[zone];
    const PerfCount count = event.counter->read();
    if (!count.ok()) return Gap{GapKind::kUnreadable, event.zone.place + ": " + std::strerror(count.error)};
    return Joules(event.joules_per_count * static_cast<double>(count.value));
}

}  // namespace espalier::meters
