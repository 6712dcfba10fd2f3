#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "meters/cpu/cpu_info.h"
#include "meters/meter.h"

namespace espalier::meters {

/// Thermal design power of one processor model, from its maker's data sheet.
struct ProcessorPower {
    std::string_view model;  ///< part of /proc/cpuinfo's "model name"
    double watts;
    int threads;  ///< logical CPUs of one package
};

/// The models that are known; a model that contains another's name stands before it.
std::span<const ProcessorPower> known_processors();

/// The row whose model is part of the name, or null.
const ProcessorPower* find_processor(std::string_view model_name);

/// The thermal design power of the logical CPUs that this machine shows, and where it is from.
struct ThermalDesignPower {
    Watts watts;
    std::string source;     ///< "user", "data sheet of ...", or "default of 4 W per logical CPU"
    FactorInterval factor;  ///< of the estimate made with it
};

/// What the user states, else logical CPUs x (watts / threads) of the known model (so a virtual machine gets
/// its share and two sockets count twice), else logical CPUs x 4 W with the factor widened to the span of the
/// known models.
ThermalDesignPower thermal_design_power(const CpuInfo& cpu, std::optional<Watts> stated);

}  // namespace espalier::meters
