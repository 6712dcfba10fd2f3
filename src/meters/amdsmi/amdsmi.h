#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "meters/amdsmi/library.h"
#include "meters/counter.h"
#include "meters/discovery.h"

namespace espalier::meters::amdsmi {

/// A board always draws power, so a counter that rests longer than this is frozen, as was seen on MI100.
inline constexpr Seconds kLongestRest{0.5};

/// Energy counters of AMD GPUs (amdsmi_get_energy_count). A counter that runs backwards, jumps, rests,
/// changes its unit or cannot be read is a gap.
class EnergyMeter final : public Meter {
  public:
    /// Throws Error when there is no GPU. `clock` must outlive the meter.
    EnergyMeter(const Clock& clock, std::vector<Gpu> gpus);

    const Description& description() const override { return description_; }
    Reading read() override;

  private:
    /// What was last seen of one counter.
    struct Seen {
        CounterAccumulator counter;
        float microjoules = 0;  ///< of one count
        std::optional<std::uint64_t> count;
        Seconds moved;  ///< when it last changed
    };

    ZoneReading read_gpu(const Gpu& gpu, Seen& seen);

    const Clock& clock_;
    std::vector<Gpu> gpus_;
    std::vector<Seen> seen_;
    Description description_;
};

/// Video memory of AMD GPUs in use by all processes, Bytes.
class MemoryMeter final : public Meter {
  public:
    /// Throws Error when there is no GPU. `clock` must outlive the meter.
    MemoryMeter(const Clock& clock, std::vector<Gpu> gpus);

    const Description& description() const override { return description_; }
    Reading read() override;

  private:
    const Clock& clock_;
    std::vector<Gpu> gpus_;
    Description description_;
};

/// Finds the meters of AMD GPUs, "amdsmi-energy" and "amdsmi-memory", or says in one finding "amdsmi" why
/// there is no library or no GPU.
void discover_amdsmi(const DiscoveryOptions& options, Discovery& discovery);

}  // namespace espalier::meters::amdsmi
