#pragma once

#include <string>
#include <variant>
#include <vector>

#include "meters/counter.h"
#include "meters/discovery.h"

namespace espalier::meters {

/// What a battery's gauge tells, best first.
enum class GaugeKind {
    kEnergy,   ///< energy_now, microwatt-hours
    kCharge,   ///< charge_now, microampere-hours, times voltage_now, microvolts
    kPower,    ///< power_now, microwatts
    kCurrent,  ///< current_now, microamperes, times voltage_now
};

/// A battery that feeds the machine.
struct Battery {
    std::string folder;  ///< "sys/class/power_supply/BAT0"
    std::string name;    ///< "BAT0"
    GaugeKind gauge = GaugeKind::kEnergy;
};

/// The machine's batteries and mains adapters (Documentation/ABI/testing/sysfs-class-power); those of mice
/// and other devices are left out.
struct PowerSupplies {
    std::vector<Battery> batteries;     ///< with a gauge
    std::vector<std::string> adapters;  ///< folders
    bool without_gauge = false;         ///< a battery tells nothing that could be used
};

PowerSupplies find_power_supplies(const FileTree& files);

/// What the batteries feed the whole machine with, by their own gauges, while they discharge. What happens on
/// mains, a battery that charges, and a gauge that corrects itself upwards are gaps.
/// Gauges are slow and coarse: windows of ten minutes are the least.
class BatteryMeter final : public Meter {
  public:
    /// Counts energy when every battery tells energy or charge, else integrates power. Throws Error when
    /// there is no battery. `files` and `clock` must outlive the meter.
    BatteryMeter(const FileTree& files, const Clock& clock, PowerSupplies supplies);

    const Description& description() const override { return description_; }
    Reading read() override;

  private:
    /// What was last seen of one gauge.
    struct Level {
        double amount = 0.0;  ///< joules, or coulombs
        double volts = 1.0;   ///< 1 where the amount is joules
    };

    ZoneReading read_energy(Seconds time);
    ZoneReading read_power(Seconds time) const;
    std::variant<Level, Gap> read_level(const Battery& battery) const;
    std::variant<double, Gap> read_value(const Battery& battery, const char* file, double unit) const;

    const FileTree& files_;
    const Clock& clock_;
    PowerSupplies supplies_;
    std::vector<Level> levels_;  ///< empty until the first read after a gap
    Joules drawn_;
    CounterAccumulator counter_;
    Description description_;
};

/// Why the gauges say nothing about the machine now (mains, charging); empty while it runs on battery.
std::string not_discharging(const FileTree& files, const PowerSupplies& supplies);

/// Finds the meter "battery", or says why there is none.
void discover_battery(const DiscoveryOptions& options, Discovery& discovery);

}  // namespace espalier::meters
