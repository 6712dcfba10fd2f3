#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "meters/counter.h"
#include "meters/file_tree.h"
#include "meters/meter.h"

namespace espalier::meters {

/// A zone and the file that it is read from.
struct HwmonZone {
    Zone zone;
    std::string path;
};

/// Energy counters of hardware monitoring, files of microjoules that drivers add up in 64 bits from registers
/// of 32 bits.
class HwmonEnergyMeter final : public Meter {
  public:
    /// Takes name, source, scope, part and notes from the description; `limits` bound each counter. Throws
    /// Error when there is no zone. `files` and `clock` must outlive the meter.
    HwmonEnergyMeter(const FileTree& files, const Clock& clock, Description description,
                     const CounterLimits& limits, const std::vector<HwmonZone>& zones);

    const Description& description() const override { return description_; }
    Reading read() override;

  private:
    const FileTree& files_;
    const Clock& clock_;
    Description description_;
    std::vector<std::string> paths_;
    std::vector<CounterAccumulator> counters_;
};

/// Power sensors of hardware monitoring, files of microwatts, integrated over time.
class HwmonPowerMeter final : public Meter {
  public:
    /// As above; takes refresh period and averaging from the description, too.
    HwmonPowerMeter(const FileTree& files, const Clock& clock, Description description,
                    const std::vector<HwmonZone>& zones);

    const Description& description() const override { return description_; }
    Reading read() override;

  private:
    const FileTree& files_;
    const Clock& clock_;
    Description description_;
    std::vector<std::string> paths_;
};

}  // namespace espalier::meters
