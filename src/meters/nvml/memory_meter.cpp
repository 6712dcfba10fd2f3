#include "meters/nvml/memory_meter.h"

#include <fmt/core.h>

namespace espalier::meters::nvml {
namespace {

/// A read takes 65 us (H200, driver 580), and a trial's memory hardly changes within its window.
constexpr Seconds kMemoryCostlyPeriod{0.5};

}  // namespace

GpuMemoryMeter::GpuMemoryMeter(const Clock& clock, std::vector<Gpu> boards)
    : GpuMeter(clock, std::move(boards), Coverage::kGpu) {
    description_.name = "nvml-memory";
    description_.source = "NVML memory (nvmlDeviceGetMemoryInfo)";
    description_.unit = UnitKind::kMemory;
    description_.resolution = 1;
    description_.costly_period = kMemoryCostlyPeriod;
    add_note("what any process or the driver holds, not the trial alone");
}

void GpuMemoryMeter::read_gpu(std::size_t index, std::vector<ZoneReading>& zones) {
    const Gpu& gpu = gpus()[index];
    MemoryInfo info{};
    const Result result = call(gpu.library->functions().memory, gpu.device, &info);
    if (result != Result::kSuccess) {
        zones.emplace_back(gap(GapKind::kUnreadable, "memory", gpu, describe(result)));
    } else if (info.used > info.total) {
        zones.emplace_back(
            gap(GapKind::kMalformed, "memory", gpu,
                fmt::format("the driver says that {} of {} bytes are in use", info.used, info.total)));
    } else {
        zones.push_back(Value{Bytes{static_cast<std::int64_t>(info.used)}, clock().now(), 0, ""});
    }
}

}  // namespace espalier::meters::nvml
