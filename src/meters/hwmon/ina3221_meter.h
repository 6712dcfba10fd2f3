#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "meters/file_tree.h"
#include "meters/meter.h"

namespace espalier::meters {

/// A supply rail that an INA3221 watches.
struct Ina3221Rail {
    std::string label;         ///< "VDD_IN"; "hwmon3/in1" where the board does not name it
    std::string voltage_path;  ///< millivolts
    std::string current_path;  ///< milliamperes
    double shunt_ohm = 0.005;  ///< of the resistor that the current is measured by
};

/// The least step of a rail's power at the most current that its shunt can show: 8 mV of voltage times that
/// current, and 40 uV over the shunt times the voltage (Texas Instruments, INA3221 data sheet).
Watts ina3221_step(double volts, double shunt_ohm);

/// Power of supply rails: voltage times current of INA3221 chips, integrated over time.
class Ina3221Meter final : public Meter {
  public:
    /// Throws Error when there is no rail. `files` and `clock` must outlive the meter.
    Ina3221Meter(const FileTree& files, const Clock& clock, const std::vector<Ina3221Rail>& rails,
                 Seconds refresh_period);

    const Description& description() const override { return description_; }
    /// A rail of 0 V or less is a gap: a supply that is not there is no measurement of 0 W.
    Reading read() override;

  private:
    ZoneReading read_rail(const Ina3221Rail& rail) const;

    const FileTree& files_;
    const Clock& clock_;
    std::vector<Ina3221Rail> rails_;
    Description description_;
};

}  // namespace espalier::meters
