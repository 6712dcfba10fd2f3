#include <fmt/core.h>

#include "base/error.h"
#include "meters/amdsmi/amdsmi.h"

namespace espalier::meters::amdsmi {
namespace {

constexpr Watts kMaxBoardPower{5000};
// The counter moves each millisecond; the library's file of it, gpu_metrics, is made anew at most each 10 ms
// or so. Taken as long as NVIDIA's, which bounds the error at the edges.
constexpr Seconds kRefresh{0.1};

Gap gap(GapKind kind, const char* what, const Gpu& gpu, const std::string& why) {
    return {kind, fmt::format("{} of AMD GPU {}: {}", what, gpu.id, why)};
}

void add_zones(Description& description, const std::vector<Gpu>& gpus) {
    if (gpus.empty()) fail("meter '{}' needs at least one GPU", description.name);
    description.part = Part::kGpu;
    description.scope = fmt::format("{} AMD GPU{}", gpus.size(), gpus.size() == 1 ? "" : "s");
    for (const Gpu& gpu : gpus) description.zones.push_back({gpu.id, "AMD GPU " + gpu.id, ZoneRole::kAdded});
}

}  // namespace

EnergyMeter::EnergyMeter(const Clock& clock, std::vector<Gpu> gpus) : clock_(clock), gpus_(std::move(gpus)) {
    description_.name = "amdsmi-energy";
    description_.source = "AMD SMI energy counter (amdsmi_get_energy_count)";
    description_.tier = Tier::kHardwareCounter;
    description_.unit = UnitKind::kCumulativeEnergy;
    description_.refresh_period = kRefresh;
    description_.always_draws = true;
    description_.notes = {"not checked on hardware; boards whose counter was seen to be wrong (MI100) exist"};
    add_zones(description_, gpus_);
    for (const Gpu& gpu : gpus_) {
        Seen seen{CounterAccumulator({std::nullopt, kMaxBoardPower, kRefresh}), 0, std::nullopt, Seconds(0)};
        std::uint64_t count = 0;
        std::uint64_t nanoseconds = 0;
        call(gpu.library->functions().energy, gpu.handle, &count, &seen.microjoules, &nanoseconds);
        description_.resolution += 1e-6 * static_cast<double>(seen.microjoules);
        seen_.push_back(std::move(seen));
    }
}

Reading EnergyMeter::read() {
    Reading reading{clock_.now(), {}};
    for (std::size_t i = 0; i < gpus_.size(); ++i) reading.zones.push_back(read_gpu(gpus_[i], seen_[i]));
    return reading;
}

ZoneReading EnergyMeter::read_gpu(const Gpu& gpu, Seen& seen) {
    constexpr const char* kWhat = "energy counter";
    std::uint64_t count = 0;
    float microjoules = 0;
    std::uint64_t nanoseconds = 0;
    const Seconds before = clock_.now();
    const Status status =
        call(gpu.library->functions().energy, gpu.handle, &count, &microjoules, &nanoseconds);
    const Seconds time = before + (clock_.now() - before) / 2;
    if (status != Status::kSuccess)
        return seen.counter.interrupt(gap(GapKind::kUnreadable, kWhat, gpu, describe(status)));
    if (!(microjoules > 0) || microjoules != seen.microjoules) {
        const std::string why =
            fmt::format("a count is {} uJ now and was {} uJ", microjoules, seen.microjoules);
        return seen.counter.interrupt(gap(GapKind::kMalformed, kWhat, gpu, why));
    }
    if (seen.count != count) {
        seen.count = count;
        seen.moved = time;
    } else if (time - seen.moved > kLongestRest) {
        const std::string why = fmt::format(
            "it has not moved for {:.1f} s, although a GPU always draws power", (time - seen.moved).value());
        return seen.counter.interrupt(gap(GapKind::kFrozen, kWhat, gpu, why));
    }
    return seen.counter.accept(Joules(1e-6 * static_cast<double>(microjoules) * static_cast<double>(count)),
                               time);
}

MemoryMeter::MemoryMeter(const Clock& clock, std::vector<Gpu> gpus) : clock_(clock), gpus_(std::move(gpus)) {
    description_.name = "amdsmi-memory";
    description_.source = "AMD SMI video memory (amdsmi_get_gpu_memory_usage)";
    description_.unit = UnitKind::kMemory;
    add_zones(description_, gpus_);
}

Reading MemoryMeter::read() {
    Reading reading{clock_.now(), {}};
    for (const Gpu& gpu : gpus_) {
        std::uint64_t bytes = 0;
        const Status status = call(gpu.library->functions().memory, gpu.handle, kVideoMemory, &bytes);
        if (status == Status::kSuccess) {
            reading.zones.push_back(Value{Bytes{static_cast<std::int64_t>(bytes)}, clock_.now(), 0, ""});
        } else {
            reading.zones.emplace_back(gap(GapKind::kUnreadable, "memory", gpu, describe(status)));
        }
    }
    return reading;
}

}  // namespace espalier::meters::amdsmi
