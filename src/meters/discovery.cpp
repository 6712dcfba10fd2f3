#include "meters/discovery.h"

#include <algorithm>
#include <array>

#include "meters/amdsmi/amdsmi.h"
#include "meters/battery/battery.h"
#include "meters/cpu/cpu_meter.h"
#include "meters/estimate/estimate_meter.h"
#include "meters/hwmon/hwmon.h"
#include "meters/memory/memory_meter.h"
#include "meters/named/discover.h"
#include "meters/nvml/nvml.h"
#include "meters/rapl/rapl.h"

namespace espalier::meters {
namespace {

constexpr std::array<std::string_view, 5> kStates = {"ok", "no permission", "absent", "unsupported",
                                                     "broken"};

using DiscoverSource = void (*)(const DiscoveryOptions&, Discovery&);

/// Every source there is, best tier first.
constexpr std::array<DiscoverSource, 11> kSources = {
    discover_named,     discover_rapl,    nvml::discover_nvml, amdsmi::discover_amdsmi,
    discover_intel_gpu, discover_ina3221, discover_battery,    discover_hwmon,
    discover_estimate,  discover_cpu,     discover_memory};

}  // namespace

std::string_view name(State state) { return kStates[static_cast<std::size_t>(state)]; }

Meter* Discovery::find(std::string_view wanted) const {
    for (const auto& meter : meters) {
        if (meter->description().name == wanted) return meter.get();
    }
    return nullptr;
}

Tier Discovery::best_energy_tier(Part part) const {
    Tier best = Tier::kNone;
    for (const auto& meter : meters) {
        const Description& description = meter->description();
        const bool covers = description.part == part || description.part == Part::kMachine;
        const bool any_window = description.least_window <= Seconds(0);
        if (covers && any_window && has_total(description)) best = std::min(best, description.tier);
    }
    return best;
}

Discovery discover(const DiscoveryOptions& options) {
    Discovery discovery;
    for (const DiscoverSource source : kSources) source(options, discovery);
    return discovery;
}

}  // namespace espalier::meters
