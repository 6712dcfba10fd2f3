#include "meters/nvml/energy_meter.h"

#include <fmt/core.h>

namespace espalier::meters::nvml {
namespace {

constexpr const char* kWhat = "energy counter";

}  // namespace

EnergyMeter::EnergyMeter(const Clock& clock, std::vector<Gpu> boards)
    : GpuMeter(clock, std::move(boards), Coverage::kWholeModule) {
    const CounterLimits limits{std::nullopt, kMaxBoardPower, kEnergyRefresh};
    for (std::size_t i = 0; i < gpus().size(); ++i)
        seen_.push_back({CounterAccumulator(limits), std::nullopt, Seconds(0)});
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
    Seen& seen = seen_[index];
    const Gpu& gpu = gpus()[index];
    unsigned long long millijoules = 0;
    const Seconds before = clock().now();
    const Result result = call(gpu.library->functions().total_energy, gpu.device, &millijoules);
    const Seconds time = before + (clock().now() - before) / 2;  // a call may take milliseconds
    if (result != Result::kSuccess) {
        zones.emplace_back(seen.counter.interrupt(gap(GapKind::kUnreadable, kWhat, gpu, describe(result))));
        return;
    }
    if (seen.millijoules != millijoules) {
        seen.millijoules = millijoules;
        seen.moved = time;
    } else if (time - seen.moved > kLongestRest) {
        const double rest = (time - seen.moved).value();
        zones.emplace_back(seen.counter.interrupt(
            gap(GapKind::kFrozen, kWhat, gpu,
                fmt::format("it has not moved for {:.1f} s, although a GPU always draws power", rest))));
        return;
    }
    zones.push_back(seen.counter.accept(Joules(1e-3 * static_cast<double>(millijoules)), time));
}

}  // namespace espalier::meters::nvml
