#include "lab/thermal_gate.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace espalier::lab {
namespace {

/// A processor's sensor follows within a second; looking more often would keep it warm.
constexpr Seconds kLook{0.5};

}  // namespace

ThermalGate wait_until_cool(const std::function<std::optional<double>()>& temperature,
                            std::optional<double> reference_c, Seconds longest, Clock& clock) {
    ThermalGate gate{reference_c, temperature(), Seconds(0.0), true};
    const Seconds start = clock.now();
    if (!reference_c) return gate;
    while (gate.reached_c && *gate.reached_c > *reference_c + kStartTolerance) {
        const Seconds left = longest - (clock.now() - start);
        if (left <= Seconds(0.0)) break;
        clock.sleep(std::min(kLook, left));
        gate.reached_c = temperature();
    }
    gate.waited = clock.now() - start;
    gate.passed = !gate.reached_c || std::fabs(*gate.reached_c - *reference_c) <= kStartTolerance;
    return gate;
}

std::optional<store::NoteRecord> judge(const ThermalGate& gate) {
    if (gate.passed) return std::nullopt;
    return store::NoteRecord{
        0, "thermal",
        fmt::format("this trial began at {:.0f} degrees Celsius, the first at {:.0f}, after waiting {:.0f} s",
                    *gate.reached_c, *gate.reference_c, gate.waited.value()),
        ""};
}

}  // namespace espalier::lab
