#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "meters/nvml/gpu_meter.h"

namespace espalier::meters::nvml {

/// Where a GPU's power is read, the first that works being used.
enum class PowerSource {
    kInstant,  ///< field 186: now, though the sensor may look only a part of the time
    kAverage,  ///< field 185: mean over the last second
    kUsage,    ///< nvmlDeviceGetPowerUsage: one of the two, by architecture; all that drivers before 530 have
};

/// "instant", "average", "usage".
std::string_view name(PowerSource source);

/// The greatest age of a power: the sensor has a new one each 20 ms, and the library asks it again at the
/// first read that comes 100 ms after it last did (H200, driver 580).
inline constexpr Seconds kPowerRefresh{0.12};
/// What an averaging sensor averages over.
inline constexpr Seconds kPowerAveraging{1.0};

/// Power sensors of GPUs, integrated over time. On boards that hold a CPU, too, the fields tell the GPU
/// alone, and nvmlDeviceGetPowerUsage the module. A power of 0 or above kMaxBoardPower is a gap.
class PowerMeter final : public GpuMeter {
  public:
    PowerMeter(const Clock& clock, std::vector<Gpu> gpus, PowerSource source);

  protected:
    void read_gpu(std::size_t index, std::vector<ZoneReading>& zones) override;

  private:
    PowerSource source_;
};

/// Asks one GPU.
PowerAnswer ask_power(const Gpu& gpu, PowerSource source);

/// The first source that every one of these GPUs answers, or nothing.
std::optional<PowerSource> best_power_source(const std::vector<Gpu>& gpus);

}  // namespace espalier::meters::nvml
