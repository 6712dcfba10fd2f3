#include "lab/noise_floor.h"

#include <algorithm>

#include "statistics/effect_size.h"
#include "statistics/summary.h"

namespace espalier::lab {
namespace {

std::optional<NoiseFloor> noise_floor(const char* quantity, const char* unit,
                                      const std::vector<statistics::BlockValue>& first,
                                      const std::vector<statistics::BlockValue>& second) {
    const statistics::PairedRepetitions pairs{statistics::Repetitions(first),
                                              statistics::Repetitions(second)};
    const auto positive = [](double value) { return value > 0.0; };
    const bool usable = pairs.size() >= 2 &&
                        std::all_of(pairs.baseline().begin(), pairs.baseline().end(), positive) &&
                        std::all_of(pairs.treated().begin(), pairs.treated().end(), positive);
    if (!usable) return std::nullopt;
    const auto ratio = statistics::hodges_lehmann_ratio(pairs);
    NoiseFloor floor;
    floor.quantity = quantity;
    floor.unit = unit;
    floor.blocks = static_cast<int>(pairs.size());
    floor.first = statistics::median(pairs.baseline());
    floor.second = statistics::median(pairs.treated());
    floor.ratio = ratio.value;
    floor.interval = ratio.interval;
    floor.spread = statistics::standard_deviation(statistics::log_ratios(pairs).values());
    return floor;
}

}  // namespace

std::vector<NoiseFloor> noise_floors(const Measures& first, const Measures& second,
                                     const EnergySource& source) {
    std::vector<NoiseFloor> floors;
    const auto add = [&](std::optional<NoiseFloor> floor, const EnergySource& of) {
        if (!floor) return;
        floor->source = of;
        floors.push_back(std::move(*floor));
    };
    if (source.counts()) add(noise_floor("energy", "J", first.energy_j, second.energy_j), source);
    add(noise_floor("time", "s", first.time_s, second.time_s), {});
    add(noise_floor("cpu time", "s", first.cpu_s, second.cpu_s), {});
    return floors;
}

}  // namespace espalier::lab
