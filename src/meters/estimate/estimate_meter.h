#pragma once

#include <optional>
#include <string>

#include "meters/cpu/cpu_meter.h"
#include "meters/discovery.h"
#include "meters/estimate/thermal_design_power.h"

namespace espalier::meters {

/// The statement that belongs to every estimate: the model is a growing function of load, so it cannot tell
/// two variants apart that processor time does not tell apart already.
inline constexpr const char* kEstimateRanking = "ranking equals CPU-time ranking";

/// A model of CPU energy, never a measurement (tier E):  E += TDP x power_share(load) x time  between two
/// reads, load = busy share of all processors in /proc/stat. Read it at least ten times a second where load
/// changes.
class EstimateMeter final : public Meter {
  public:
    /// `files` and `clock` must outlive the meter.
    EstimateMeter(const FileTree& files, const Clock& clock, ThermalDesignPower power);

    const Description& description() const override { return description_; }
    Reading read() override;

  private:
    ZoneReading advance(Seconds time);

    const FileTree& files_;
    const Clock& clock_;
    ThermalDesignPower power_;
    Description description_;
    std::optional<MachineTimes> last_;
    Seconds last_time_;
    Joules total_;
    std::uint64_t continuity_ = 0;
    std::string interruption_;
};

/// How an estimate is written: at most two significant digits and never without its factor, e.g.
/// "120 J (estimate, x0.4 to x1.6: 48 to 190 J)".
std::string describe_estimate(Joules energy, FactorInterval factor);

/// Adds the estimate, or says why there is none.
void discover_estimate(const DiscoveryOptions& options, Discovery& discovery);

}  // namespace espalier::meters
