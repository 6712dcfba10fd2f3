#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "imports/counter.h"
#include "imports/format.h"
#include "imports/kinds.h"
#include "imports/logs.h"

/// What EnergiBridge writes: one row for each sampling interval of one run, with cumulative counters.
namespace espalier::imports {
namespace {

constexpr std::array<std::string_view, 3> kColumns = {
    "Delta", "Time", "PACKAGE_ENERGY (J)|CPU_ENERGY (J)|SYSTEM_POWER (Watts)|CPU_POWER (Watts)"};

/// How often the register behind RAPL changes.
constexpr double kRaplRefreshS = 0.001;
/// How often NVML's energy counter and power change.
constexpr double kNvmlRefreshS = 0.1;

enum class Sort { kRapl, kNvmlCounter, kPower };

struct Zone {
    std::string_view column;
    Sort sort;
    double unit;  ///< J or W
    std::string_view meter;
    std::string_view tier;
    std::string_view scope;
    std::string_view device;
    bool in_total;
};

// DRAM is read with the package's unit, which is another one on servers, and cores lie inside the package;
// neither is added. Power in watts is integrated.
constexpr Zone kZones[] = {
    {"PACKAGE_ENERGY (J)", Sort::kRapl, 1.0, "energibridge", "B", "CPU package", "cpu", true},
    {"CPU_ENERGY (J)", Sort::kRapl, 1.0, "energibridge", "B", "CPU package", "cpu", true},
    {"DRAM_ENERGY (J)", Sort::kRapl, 1.0, "energibridge", "B", "DRAM", "cpu", false},
    {"PP0_ENERGY (J)", Sort::kRapl, 1.0, "energibridge", "B", "CPU cores", "cpu", false},
    {"PP1_ENERGY (J)", Sort::kRapl, 1.0, "energibridge", "B", "uncore", "cpu", false},
    {"SYSTEM_POWER (Watts)", Sort::kPower, 1.0, "energibridge-system", "C",
     "whole machine, by its own sensor", "machine", true},
    {"CPU_POWER (Watts)", Sort::kPower, 1.0, "energibridge-cpu-power", "C", "CPU", "cpu", true},
    {"GPU0_ENERGY (mJ)", Sort::kNvmlCounter, 1e-3, "energibridge-gpu", "B", "GPU board", "gpu", true},
    {"GPU0_POWER (mWatts)", Sort::kPower, 1e-3, "energibridge-gpu-power", "C", "GPU board", "gpu", true},
};

/// One zone as its rows are read.
struct Reading {
    const Zone* zone;
    std::size_t column;
    Counter counter;
    Integral integral;
};

class EnergiBridgeReader final : public Reader {
  public:
    explicit EnergiBridgeReader(const ReadOptions& options) : runs_(options, "energibridge") {}
    void read(Table& table, const Source& source) override;
    Measurements finish() override;

  private:
    void read_zone(const Table& table, Reading& reading, double time_s);
    static Energy energy_of(const Reading& reading);

    LogRuns runs_;
    RowFindings findings_;
    bool wrapped_ = false;
};

/// EnergiBridge has written Unix time in ms and in ns; its size tells which.
double seconds_of(double unix_time) {
    if (unix_time > 1e17) return unix_time * 1e-9;
    return unix_time > 1e11 ? unix_time * 1e-3 : unix_time;
}

void EnergiBridgeReader::read_zone(const Table& table, Reading& reading, double time_s) {
    const auto value = table.number(reading.column);
    if (!value) return;
    if (!std::isfinite(*value) || *value < 0.0) {
        findings_.add(kind::kImpossibleValue, table.file(), table.line(),
                      fmt::format("{} {}", reading.zone->column, table.text(reading.column)));
        return;
    }
    if (reading.zone->sort == Sort::kPower) {
        reading.integral.add(time_s, *value * reading.zone->unit);
        return;
    }
    const auto step = reading.counter.read(time_s, *value * reading.zone->unit);
    if (step == Counter::Step::kRose) return;
    wrapped_ = wrapped_ || step == Counter::Step::kWrapped;
    findings_.add(step == Counter::Step::kWrapped ? kind::kCounterWrapped : kind::kCounterFell, table.file(),
                  table.line(), fmt::format("{} at {}", reading.zone->column, table.text(reading.column)));
}

Energy EnergiBridgeReader::energy_of(const Reading& reading) {
    const Zone& zone = *reading.zone;
    Energy energy;
    energy.record = {.meter = std::string(zone.meter),
                     .zone = std::string(zone.column.substr(0, zone.column.find(' '))),
                     .tier = std::string(zone.tier),
                     .scope = std::string(zone.scope),
                     .in_total = zone.in_total,
                     .device = std::string(zone.device)};
    const bool power = zone.sort == Sort::kPower;
    energy.record.joules = power ? reading.integral.joules() : reading.counter.joules();
    if (energy.record.joules && *energy.record.joules <= 0.0) {
        energy.refused = *energy.record.joules;
        energy.record.joules.reset();
        energy.record.problem = "it did not change during the run";
    } else if (!energy.record.joules)
        energy.record.problem = power ? "fewer than two readings" : reading.counter.problem();
    energy.refresh_s = zone.sort == Sort::kRapl ? kRaplRefreshS : kNvmlRefreshS;
    if (zone.device == "machine") energy.refresh_s.reset();
    return energy;
}

void EnergiBridgeReader::read(Table& table, const Source& source) {
    const std::size_t time = table.need("Time");
    std::vector<Reading> readings;
    for (const Zone& zone : kZones) {
        if (const auto column = table.find(zone.column)) {
            const auto width = zone.sort == Sort::kRapl ? Counter::Width::k32Bits : Counter::Width::k64Bits;
            readings.push_back({&zone, *column, Counter(width), {}});
        }
    }
    const auto gpu_usage = table.find("GPU0_USAGE");
    Mean usage;
    double first = 0.0, last = -std::numeric_limits<double>::infinity();
    std::int64_t rows = 0;
    while (table.next()) {
        const auto stamp = table.number(time);
        if (!stamp || !std::isfinite(*stamp)) fail_usage("{}: the column \"Time\" is no time", table.where());
        const double now = seconds_of(*stamp);
        if (now < last)
            findings_.add(kind::kTimeRunsBack, table.file(), table.line(),
                          fmt::format("by {:.3g} s", last - now));
        if (rows++ == 0) first = now;
        last = now;
        for (auto& reading : readings) read_zone(table, reading, now);
        usage.add(table.number(gpu_usage));
    }
    Repetition repetition;
    repetition.where = table.file();
    if (rows > 1 && last > first) repetition.duration_s = last - first;
    for (const auto& reading : readings) repetition.energies.push_back(energy_of(reading));
    repetition.utilization_percent = usage.value();
    if (usage.value()) repetition.readings.push_back({"GPU utilization", "%", usage.value()});
    runs_.add(source, std::move(repetition));
}

Measurements EnergiBridgeReader::finish() {
    Measurements result = runs_.finish();
    result.notes.emplace_back(
        "energy is the rise of EnergiBridge's counters between the first and the last row; it reads the "
        "registers of one socket only, and the sampling interval is the file's own");
    result.notes.emplace_back(
        "DRAM and cores are recorded and not added: DRAM is read with the package's unit, cores lie inside "
        "the package");
    if (wrapped_)
        result.notes.emplace_back(
            "a counter wrapped; the range of its register, told from the size of the fall, was added");
    result.found = findings_.artefacts();
    return result;
}

}  // namespace

const Format kEnergiBridge = {"energibridge", "EnergiBridge's CSV: the samples of one run", kColumns,
                              [](const ReadOptions& options) -> std::unique_ptr<Reader> {
                                  return std::make_unique<EnergiBridgeReader>(options);
                              }};

}  // namespace espalier::imports
