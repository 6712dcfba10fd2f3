#include "meters/nvml/utilization_meter.h"

#include <fmt/core.h>

namespace espalier::meters::nvml {
namespace {

constexpr unsigned kWhole = 100;  // percent
constexpr const char* kWhat = "utilization";

ZoneReading share(unsigned percent, Seconds time, const Gpu& gpu) {
    if (percent <= kWhole) return Value{Ratio(percent / 100.0), time, 0, ""};
    return gap(GapKind::kMalformed, kWhat, gpu, fmt::format("the driver says {} %", percent));
}

}  // namespace

UtilizationMeter::UtilizationMeter(const Clock& clock, std::vector<Gpu> boards)
    : GpuMeter(clock, std::move(boards), Coverage::kGpu) {
    description_.name = "nvml-utilization";
    description_.source = "NVML utilization (nvmlDeviceGetUtilizationRates)";
    description_.unit = UnitKind::kUtilization;
    description_.zones.clear();
    for (const Gpu& gpu : gpus()) {
        description_.zones.push_back({gpu.uuid, "time with a kernel on " + gpu.label(), ZoneRole::kAdded});
        description_.zones.push_back({gpu.uuid + "/memory",
                                      "time with traffic to the memory of " + gpu.label(),
                                      ZoneRole::kContained});
    }
    description_.refresh_period = Seconds(1);  // 1/6 s to 1 s, by product
    description_.resolution = 0.01;
    add_note("time in which any kernel ran, however little of the GPU it used");
}

void UtilizationMeter::read_gpu(std::size_t index, std::vector<ZoneReading>& zones) {
    const Gpu& gpu = gpus()[index];
    UtilizationRates rates{};
    const Result result = call(gpu.library->functions().utilization, gpu.device, &rates);
    if (result != Result::kSuccess) {
        zones.insert(zones.end(), 2, gap(GapKind::kUnreadable, kWhat, gpu, describe(result)));
        return;
    }
    const Seconds time = clock().now();
    zones.push_back(share(rates.gpu, time, gpu));
    zones.push_back(share(rates.memory, time, gpu));
}

}  // namespace espalier::meters::nvml
