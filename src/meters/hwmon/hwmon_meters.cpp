#include "meters/hwmon/hwmon_meters.h"

#include "base/error.h"
#include "meters/number_file.h"

namespace espalier::meters {
namespace {

constexpr double kMicro = 1e-6;

std::vector<std::string> take_zones(Description& description, const std::vector<HwmonZone>& zones) {
    if (zones.empty()) fail("meter '{}' needs at least one sensor", description.name);
    std::vector<std::string> paths;
    for (const HwmonZone& zone : zones) {
        description.zones.push_back(zone.zone);
        paths.push_back(zone.path);
    }
    return paths;
}

}  // namespace

HwmonEnergyMeter::HwmonEnergyMeter(const FileTree& files, const Clock& clock, Description description,
                                   const CounterLimits& limits, const std::vector<HwmonZone>& zones)
    : files_(files),
      clock_(clock),
      description_(std::move(description)),
      paths_(take_zones(description_, zones)),
      counters_(zones.size(), CounterAccumulator(limits)) {
    description_.tier = Tier::kHardwareCounter;
    description_.unit = UnitKind::kCumulativeEnergy;
    description_.refresh_period = limits.refresh_period;
    description_.longest_gap = limits.longest_gap();
}

Reading HwmonEnergyMeter::read() {
    Reading reading{clock_.now(), {}};
    for (std::size_t i = 0; i < paths_.size(); ++i) {
        NumberRead number = read_count(files_, paths_[i]);
        if (Gap* gap = std::get_if<Gap>(&number)) {
            reading.zones.emplace_back(counters_[i].interrupt(std::move(*gap)));
            continue;
        }
        const Joules raw(kMicro * static_cast<double>(std::get<std::int64_t>(number)));
        reading.zones.push_back(counters_[i].accept(raw, clock_.now()));
    }
    return reading;
}

HwmonPowerMeter::HwmonPowerMeter(const FileTree& files, const Clock& clock, Description description,
                                 const std::vector<HwmonZone>& zones)
    : files_(files),
      clock_(clock),
      description_(std::move(description)),
      paths_(take_zones(description_, zones)) {
    description_.tier = Tier::kIntegratedSensor;
    description_.unit = UnitKind::kPower;
}

Reading HwmonPowerMeter::read() {
    Reading reading{clock_.now(), {}};
    for (const std::string& path : paths_) {
        NumberRead number = read_count(files_, path);
        if (Gap* gap = std::get_if<Gap>(&number)) {
            reading.zones.emplace_back(std::move(*gap));
            continue;
        }
        const Watts power(kMicro * static_cast<double>(std::get<std::int64_t>(number)));
        reading.zones.push_back(Value{power, clock_.now(), 0, ""});
    }
    return reading;
}

}  // namespace espalier::meters
