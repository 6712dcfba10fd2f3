#pragma once

#include <vector>

#include "meters/nvml/gpu_meter.h"

namespace espalier::meters::nvml {

/// Share of time in which at least one kernel ran on a GPU (nvmlDeviceGetUtilizationRates), and, as a
/// contained zone
/// "<UUID>/memory", in which its memory was read or written. Not told where MIG is on. A kernel of one thread
/// counts as much as one that fills the GPU.
class UtilizationMeter final : public GpuMeter {
  public:
    UtilizationMeter(const Clock& clock, std::vector<Gpu> gpus);

  protected:
    void read_gpu(std::size_t index, std::vector<ZoneReading>& zones) override;
};

}  // namespace espalier::meters::nvml
