#include "meters/hwmon/ina3221_meter.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"
#include "meters/number_file.h"

namespace espalier::meters {
namespace {

constexpr double kMilli = 1e-3;
/// Labels of the rail that feeds the whole module; the board's other rails lie behind it.
constexpr std::array<const char*, 2> kInputs = {"VDD_IN", "POM_5V_IN"};

bool is_input(const Ina3221Rail& rail) {
    return std::find(kInputs.begin(), kInputs.end(), rail.label) != kInputs.end();
}

}  // namespace

Watts ina3221_step(double volts, double shunt_ohm) {
    constexpr double kVoltageStep = 8e-3;
    constexpr double kShuntStep = 40e-6;
    constexpr double kFullScale = 163.8e-3;  // volts over the shunt
    return Watts(kVoltageStep * kFullScale / shunt_ohm + volts * kShuntStep / shunt_ohm);
}

Ina3221Meter::Ina3221Meter(const FileTree& files, const Clock& clock, const std::vector<Ina3221Rail>& rails,
                           Seconds refresh_period)
    : files_(files), clock_(clock), rails_(rails) {
    if (rails_.empty()) fail("meter 'ina3221' needs at least one rail");
    // Two inputs may be one behind the other, or side by side: only one alone is known to be the total.
    const bool one_input = std::count_if(rails_.begin(), rails_.end(), is_input) == 1;
    description_.name = "ina3221";
    description_.source = "INA3221 voltage times current (" + files_.display("sys/class/hwmon") + ")";
    description_.scope = one_input ? "board module behind its input rail, without carrier board"
                                   : "supply rails of the board; no total";
    description_.tier = Tier::kIntegratedSensor;
    description_.unit = UnitKind::kPower;
    description_.part = Part::kMachine;
    description_.refresh_period = refresh_period;
    for (const Ina3221Rail& rail : rails_) {
        const bool total = one_input && is_input(rail);
        description_.zones.push_back(
            {rail.label, "rail " + rail.label, total ? ZoneRole::kAdded : ZoneRole::kContained});
        const NumberRead millivolts = read_count(files_, rail.voltage_path);
        const std::int64_t* volts = std::get_if<std::int64_t>(&millivolts);
        if (total && volts != nullptr) {
            description_.resolution =
                ina3221_step(kMilli * static_cast<double>(*volts), rail.shunt_ohm).value();
        }
    }
    description_.notes.push_back(
        "shunt resistors are exact to about 1 %, which is the same for all variants of a study");
    if (!one_input)
        description_.notes.push_back("no rail is known to be the input of the whole board, so none is added");
}

Reading Ina3221Meter::read() {
    Reading reading{clock_.now(), {}};
    for (const Ina3221Rail& rail : rails_) reading.zones.push_back(read_rail(rail));
    return reading;
}

ZoneReading Ina3221Meter::read_rail(const Ina3221Rail& rail) const {
    const NumberRead millivolts = read_whole(files_, rail.voltage_path);
    if (const Gap* gap = std::get_if<Gap>(&millivolts)) return *gap;
    const NumberRead milliamperes = read_whole(files_, rail.current_path);
    if (const Gap* gap = std::get_if<Gap>(&milliamperes)) return *gap;
    const auto volts = kMilli * static_cast<double>(std::get<std::int64_t>(millivolts));
    if (volts <= 0)
        return Gap{GapKind::kMalformed, files_.display(rail.voltage_path) + ": a rail without voltage"};
    const auto amperes = kMilli * static_cast<double>(std::get<std::int64_t>(milliamperes));
    return Value{Watts(volts * amperes), clock_.now(), 0, ""};
}

}  // namespace espalier::meters
