#include "meters/nvml/energy_meter.h"

namespace espalier::meters::nvml {

EnergyMeter::EnergyMeter(const Clock& clock, std::vector<Gpu> boards)
    : GpuMeter(clock, std::move(boards), Coverage::kWholeModule) {
    const CounterLimits limits{
        .max_power = kMaxBoardPower, .refresh_period = kEnergyRefresh, .longest_rest = kLongestRest};
    counters_.assign(gpus().size(), CounterAccumulator(limits));
    description_.name = "nvml-energy";
    description_.source = "NVML energy counter (nvmlDeviceGetTotalEnergyConsumption)";
    description_.tier = Tier::kHardwareCounter;
    description_.unit = UnitKind::kCumulativeEnergy;
    description_.refresh_period = kEnergyRefresh;
    description_.resolution = 1e-3 * static_cast<double>(gpus().size());
    description_.always_draws = true;
    description_.costly_period = kEnergyCostlyPeriod;
}

void EnergyMeter::read_gpu(std::size_t index, std::vector<ZoneReading>& zones) {
    CounterAccumulator& counter = counters_[index];
    const Gpu& gpu = gpus()[index];
    unsigned long long millijoules = 0;
    const Seconds before = clock().now();
    const Result result = call(gpu.library->functions().total_energy, gpu.device, &millijoules);
    const Seconds time = before + (clock().now() - before) / 2;  // a call may take milliseconds
    if (result != Result::kSuccess) {
        zones.emplace_back(
            counter.interrupt(gap(GapKind::kUnreadable, "energy counter", gpu, describe(result))));
        return;
    }
    zones.push_back(counter.accept(Joules(1e-3 * static_cast<double>(millijoules)), time));
}

}  // namespace espalier::meters::nvml
