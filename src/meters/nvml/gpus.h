#pragma once

#include <string>
#include <vector>

#include "base/units.h"
#include "meters/nvml/access.h"

namespace espalier::meters::nvml {

/// The GPUs that the library shows, in order of PCI address, and what was said of those that could not be
/// asked.
struct GpuList {
    std::vector<Gpu> gpus;
    std::vector<std::string> problems;
};

GpuList list_gpus(const std::shared_ptr<const Library>& library);

/// No board and no module draws more; what exceeds it is a torn read, a sentinel or a reset.
inline constexpr Watts kMaxBoardPower{5000};

/// A power, or why it is not told.
struct PowerAnswer {
    Result result = Result::kUnknown;
    Watts power;

    /// Whether there is a power that a board can draw. Some drivers answer 0 where they mean "ask again
    /// later".
    bool plausible() const {
        return result == Result::kSuccess && power > Watts(0) && power <= kMaxBoardPower;
    }
};

/// Asks for kPowerInstant or kPowerAverage of a scope.
PowerAnswer ask_power(const Gpu& gpu, unsigned field, unsigned scope);

/// The number of a field, whatever type the driver chose for it.
double number(const FieldValue& value);

}  // namespace espalier::meters::nvml
