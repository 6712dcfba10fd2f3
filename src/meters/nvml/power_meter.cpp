#include "meters/nvml/power_meter.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

namespace espalier::meters::nvml {
namespace {

struct SourceRow {
    std::string_view name;
    const char* words;
};

constexpr std::array<SourceRow, 3> kSources = {
    {{"instant", "NVML instant power (field 186), integrated"},
     {"average", "NVML average power (field 185), integrated"},
     {"usage", "NVML power usage (nvmlDeviceGetPowerUsage), integrated"}}};

/// Whether any of these GPUs shows means over a second.
bool averages(const std::vector<Gpu>& gpus, PowerSource source) {
    if (source != PowerSource::kUsage) return source == PowerSource::kAverage;
    return std::any_of(gpus.begin(), gpus.end(), [](const Gpu& gpu) { return !gpu.samples_instantly; });
}

}  // namespace

std::string_view name(PowerSource source) { return kSources[static_cast<std::size_t>(source)].name; }

PowerAnswer ask_power(const Gpu& gpu, PowerSource source) {
    if (source == PowerSource::kInstant) return ask_power(gpu, kPowerInstant, kScopeGpu);
    if (source == PowerSource::kAverage) return ask_power(gpu, kPowerAverage, kScopeGpu);
    unsigned milliwatts = 0;
    const Result result = call(gpu.library->functions().power_usage, gpu.device, &milliwatts);
    return {result, Watts(1e-3 * milliwatts)};
}

std::optional<PowerSource> best_power_source(const std::vector<Gpu>& gpus) {
    for (const PowerSource source : {PowerSource::kInstant, PowerSource::kAverage, PowerSource::kUsage}) {
        if (std::all_of(gpus.begin(), gpus.end(),
                        [&](const Gpu& gpu) { return ask_power(gpu, source).plausible(); }))
            return source;
    }
    return std::nullopt;
}

PowerMeter::PowerMeter(const Clock& clock, std::vector<Gpu> boards, PowerSource source)
    : GpuMeter(clock, std::move(boards),
               source == PowerSource::kUsage ? Coverage::kWholeModule : Coverage::kGpu),
      source_(source) {
    description_.name = "nvml-power";
    description_.source = kSources[static_cast<std::size_t>(source)].words;
    description_.tier = Tier::kIntegratedSensor;
    description_.unit = UnitKind::kPower;
    description_.refresh_period = kPowerRefresh;
    description_.resolution = 1e-3 * static_cast<double>(gpus().size());
    if (averages(gpus(), source)) {
        description_.averaging = kPowerAveraging;
        add_note("each value is a mean over the last second, so short changes are smeared out");
    } else {
        add_note(
            "the sensor may look only a part of the time (a quarter on A100 and H100), so a load that "
            "repeats as fast as it looks is misjudged");
    }
}

void PowerMeter::read_gpu(std::size_t index, std::vector<ZoneReading>& zones) {
    const Gpu& gpu = gpus()[index];
    const Seconds before = clock().now();
    const PowerAnswer answer = ask_power(gpu, source_);
    const Seconds time = before + (clock().now() - before) / 2;
    if (answer.plausible()) {
        zones.push_back(Value{answer.power, time, 0, ""});
    } else if (answer.result != Result::kSuccess) {
        zones.emplace_back(gap(GapKind::kUnreadable, "power", gpu, describe(answer.result)));
    } else {
        zones.emplace_back(
            gap(GapKind::kMalformed, "power", gpu,
                fmt::format("the driver says {:.0f} W, which no board draws", answer.power.value())));
    }
}

}  // namespace espalier::meters::nvml
