#pragma once

#include <functional>
#include <optional>

#include "base/clock.h"
#include "store/records.h"

namespace espalier::lab {

/// A trial begins within so many degrees Celsius of the temperature at which the first one began.
inline constexpr double kStartTolerance = 2.0;

/// How waiting for the start temperature ended.
struct ThermalGate {
    std::optional<double> reference_c;  ///< at which the first trial began; nothing: this is the first
    std::optional<double> reached_c;    ///< nothing where no sensor tells
    Seconds waited;
    bool passed = true;  ///< within the tolerance, or nothing to compare with
};

/// Waits until `temperature` is no more than kStartTolerance above the reference, at most `longest`; does not
/// wait where either is not known, nor for a processor that is too cold, which only work would warm.
ThermalGate wait_until_cool(const std::function<std::optional<double>()>& temperature,
                            std::optional<double> reference_c, Seconds longest, Clock& clock);

/// The note "thermal" of a trial that began further from the reference than the tolerance; else nothing.
std::optional<store::NoteRecord> judge(const ThermalGate& gate);

}  // namespace espalier::lab
