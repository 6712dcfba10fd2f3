#pragma once

#include <vector>

#include "meters/nvml/gpu_meter.h"

namespace espalier::meters::nvml {

/// Memory of GPUs in use by all processes and the driver (nvmlDeviceGetMemoryInfo), Bytes.
class GpuMemoryMeter final : public GpuMeter {
  public:
    GpuMemoryMeter(const Clock& clock, std::vector<Gpu> gpus);

  protected:
    void read_gpu(std::size_t index, std::vector<ZoneReading>& zones) override;
};

}  // namespace espalier::meters::nvml
