#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "meters/battery/battery.h"
#include "meters/number_file.h"

namespace espalier::meters {
namespace {

constexpr double kMicro = 1e-6;
constexpr double kHour = 3600;
constexpr Watts kMaxPower{500};  // no laptop draws more
constexpr Seconds kRefresh{60};  // gauges show a new value each 1 to 60 s
constexpr Seconds kLeastWindow{600};
constexpr double kGaugeStep = 15e-3;  // watt-hours; common gauges have 10 mWh, or 1 mAh at up to 15 V

bool counts_energy(const Battery& battery) {
    return battery.gauge == GaugeKind::kEnergy || battery.gauge == GaugeKind::kCharge;
}

std::string names_of(const std::vector<Battery>& batteries) {
    std::vector<std::string> names;
    for (const Battery& battery : batteries) names.push_back(battery.name);
    return fmt::format("{}", fmt::join(names, " + "));
}

}  // namespace

BatteryMeter::BatteryMeter(const FileTree& files, const Clock& clock, PowerSupplies supplies)
    : files_(files),
      clock_(clock),
      supplies_(std::move(supplies)),
      counter_({std::nullopt, kMaxPower, kRefresh}) {
    const auto& batteries = supplies_.batteries;
    if (batteries.empty()) fail("meter 'battery' needs a battery");
    const bool energy = std::all_of(batteries.begin(), batteries.end(), counts_energy);
    description_.name = "battery";
    description_.source = fmt::format("battery gauge ({})", files_.display("sys/class/power_supply"));
    description_.scope = "whole machine, on battery";
    description_.tier = Tier::kIntegratedSensor;
    description_.unit = energy ? UnitKind::kCumulativeEnergy : UnitKind::kPower;
    description_.part = Part::kMachine;
    description_.zones = {{names_of(batteries), "whole machine, on battery", ZoneRole::kAdded}};
    description_.refresh_period = kRefresh;
    description_.least_window = kLeastWindow;
    description_.always_draws = energy;
    if (energy) description_.resolution = kGaugeStep * kHour * static_cast<double>(batteries.size());
    description_.notes = {"the gauge is slow and coarse; how exact it is, its maker does not say"};
}

Reading BatteryMeter::read() {
    const Seconds time = clock_.now();
    const std::string why = not_discharging(files_, supplies_);
    if (!why.empty()) {
        levels_.clear();
        return {time, {counter_.interrupt({GapKind::kUnreadable, why})}};
    }
    const bool energy = description_.unit == UnitKind::kCumulativeEnergy;
    return {time, {energy ? read_energy(time) : read_power(time)}};
}

std::variant<double, Gap> BatteryMeter::read_value(const Battery& battery, const char* file,
                                                   double unit) const {
    const NumberRead number = read_whole(files_, battery.folder + "/" + file);
    if (const Gap* gap = std::get_if<Gap>(&number)) return *gap;
    return unit * static_cast<double>(std::get<std::int64_t>(number));
}

std::variant<BatteryMeter::Level, Gap> BatteryMeter::read_level(const Battery& battery) const {
    const bool charge = battery.gauge == GaugeKind::kCharge;
    const auto amount = read_value(battery, charge ? "charge_now" : "energy_now", kMicro * kHour);
    if (const Gap* gap = std::get_if<Gap>(&amount)) return *gap;
    if (!charge) return Level{std::get<double>(amount), 1.0};
    const auto volts = read_value(battery, "voltage_now", kMicro);
    if (const Gap* gap = std::get_if<Gap>(&volts)) return *gap;
    return Level{std::get<double>(amount), std::get<double>(volts)};
}

ZoneReading BatteryMeter::read_energy(Seconds time) {
    std::vector<Level> now;
    for (const Battery& battery : supplies_.batteries) {
        auto level = read_level(battery);
        if (Gap* gap = std::get_if<Gap>(&level)) {
            levels_.clear();
            return counter_.interrupt(std::move(*gap));
        }
        now.push_back(std::get<Level>(level));
    }
    for (std::size_t i = 0; i < levels_.size(); ++i) {
        const double volts = (levels_[i].volts + now[i].volts) / 2;
        drawn_ += Joules((levels_[i].amount - now[i].amount) * volts);
    }
    levels_ = std::move(now);
    return counter_.accept(drawn_, time);
}

ZoneReading BatteryMeter::read_power(Seconds time) const {
    Watts sum;
    for (const Battery& battery : supplies_.batteries) {
        const bool direct = battery.gauge == GaugeKind::kPower;
        const auto amount = read_value(battery, direct ? "power_now" : "current_now", kMicro);
        if (const Gap* gap = std::get_if<Gap>(&amount)) return *gap;
        std::variant<double, Gap> volts = 1.0;
        if (!direct) volts = read_value(battery, "voltage_now", kMicro);
        if (const Gap* gap = std::get_if<Gap>(&volts)) return *gap;
        // Some drivers show the current of a discharge as negative; that it is one, the status says.
        sum += Watts(std::fabs(std::get<double>(amount)) * std::get<double>(volts));
    }
    if (sum <= Watts(0) || sum > kMaxPower) {
        return Gap{GapKind::kMalformed,
                   fmt::format("the gauge says {:.1f} W while the battery discharges", sum.value())};
    }
    return Value{sum, time, 0, ""};
}

}  // namespace espalier::meters
