#pragma once

#include <vector>

#include "meters/counter.h"
#include "meters/nvml/gpu_meter.h"

namespace espalier::meters::nvml {

/// The time between two values of a GPU's energy counter (H200, driver 580; zeus and others say the same of
/// older ones).
inline constexpr Seconds kEnergyRefresh{0.1};
/// A read takes the driver 3 ms (H100 and H200, driver 580), 3 % of a processor at ten a second. Once a
/// second, the shortest window's seven reads were most of the 0.6 % of a processor that measuring took on an
/// H100.
inline constexpr Seconds kEnergyCostlyPeriod{1.5};
/// A board always draws power, so a counter that rests longer than this is frozen. At most 103 ms were seen.
inline constexpr Seconds kLongestRest{0.5};

/// Energy counters of GPUs: nvmlDeviceGetTotalEnergyConsumption, millijoules since the driver was loaded,
/// Volta and newer. On boards that hold a CPU, too, the counter is that of the module. A counter that runs
/// backwards (driver reloaded), jumps, rests or cannot be read is a gap.
class EnergyMeter final : public GpuMeter {
  public:
    EnergyMeter(const Clock& clock, std::vector<Gpu> gpus);

  protected:
    void read_gpu(std::size_t index, std::vector<ZoneReading>& zones) override;

  private:
    std::vector<CounterAccumulator> counters_;
};

}  // namespace espalier::meters::nvml
