#include "meters/estimate/thermal_design_power.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "meters/estimate/curve.h"

namespace espalier::meters {
namespace {

constexpr double kDefaultWattsPerCpu = 4.0;

constexpr std::array kProcessors = {
    ProcessorPower{"Ryzen 9 7950X3D", 120, 32}, ProcessorPower{"Ryzen 9 7950X", 170, 32},
    ProcessorPower{"Ryzen 7 7700X", 105, 16},   ProcessorPower{"Ryzen 9 5950X", 105, 32},
    ProcessorPower{"Ryzen 7 5800X", 105, 16},   ProcessorPower{"Ryzen 5 5600X", 65, 12},
    ProcessorPower{"Ryzen 5 3600", 65, 12},     ProcessorPower{"Threadripper 1950X", 180, 32},
    ProcessorPower{"EPYC 7302", 155, 32},       ProcessorPower{"EPYC 7402", 180, 48},
    ProcessorPower{"EPYC 7742", 225, 128},      ProcessorPower{"EPYC 7763", 280, 128},
    ProcessorPower{"EPYC 8024P", 90, 16},       ProcessorPower{"EPYC 9654", 360, 192},
    ProcessorPower{"i9-13900K", 125, 32},       ProcessorPower{"i9-12900K", 125, 24},
    ProcessorPower{"i7-12700K", 125, 20},       ProcessorPower{"i9-9900K", 95, 16},
    ProcessorPower{"i7-9700K", 95, 8},          ProcessorPower{"i7-8700K", 95, 12},
    ProcessorPower{"i7-1165G7", 28, 8},         ProcessorPower{"i5-8250U", 15, 8},
    ProcessorPower{"i7-7600U", 15, 4},          ProcessorPower{"E3-1240 V2", 69, 8},
    ProcessorPower{"E5-2620 v3", 85, 12},       ProcessorPower{"E5-2680 v4", 120, 28},
    ProcessorPower{"E5-2690 v4", 135, 28},      ProcessorPower{"Gold 6248", 150, 40},
    ProcessorPower{"Gold 6338", 205, 64},       ProcessorPower{"Platinum 8168", 205, 48},
    ProcessorPower{"Platinum 8280", 205, 56},   ProcessorPower{"Platinum 8380", 270, 80},
    ProcessorPower{"Platinum 8480", 350, 112},
};

constexpr double watts_per_cpu(const ProcessorPower& row) { return row.watts / row.threads; }

constexpr FactorInterval default_factor() {
    double least = watts_per_cpu(kProcessors[0]);
    double most = least;
    for (const ProcessorPower& row : kProcessors) {
        least = std::min(least, watts_per_cpu(row));
        most = std::max(most, watts_per_cpu(row));
    }
    return {kCurveFactor.low * least / kDefaultWattsPerCpu, kCurveFactor.high * most / kDefaultWattsPerCpu};
}

}  // namespace

std::span<const ProcessorPower> known_processors() { return kProcessors; }

const ProcessorPower* find_processor(std::string_view model_name) {
    for (const ProcessorPower& row : kProcessors) {
        if (model_name.find(row.model) != std::string_view::npos) return &row;
    }
    return nullptr;
}

ThermalDesignPower thermal_design_power(const CpuInfo& cpu, std::optional<Watts> stated) {
    if (stated) return {*stated, "user", kCurveFactor};
    const double cpus = std::max(1, cpu.logical_cpus);
    if (const ProcessorPower* row = find_processor(cpu.model)) {
        return {
            Watts(cpus * watts_per_cpu(*row)),
            fmt::format("data sheet of {} ({} W for {} logical CPUs)", row->model, row->watts, row->threads),
            kCurveFactor};
    }
    return {Watts(cpus * kDefaultWattsPerCpu),
            fmt::format("default of {} W per logical CPU", kDefaultWattsPerCpu), default_factor()};
}

}  // namespace espalier::meters
