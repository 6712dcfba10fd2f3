#pragma once

#include <optional>
#include <string>

#include "base/units.h"
#include "store/records.h"

namespace espalier::store {

/// An idle window shorter than this tells no power worth subtracting.
inline constexpr Seconds kShortestIdle{1.0};

/// Idle powers before and after a trial that differ by more than this share of their mean are no one
/// baseline.
inline constexpr double kIdleDrift = 0.03;

/// The energy of a trial's measured window less what the machine draws at rest, by one meter. An extra beside
/// the gross energy, never in its place.
struct NetEnergy {
    std::optional<double> joules;
    std::optional<double> standard;  ///< standard uncertainty; nothing where the meter states no budget
    std::optional<double> before_w;  ///< idle power before the model was loaded
    std::optional<double> after_w;   ///< and after it was unloaded
    std::string problem;             ///< why there is no value; empty where there is one

    /// |after - before| / mean; nothing where one is not known.
    std::optional<double> drift() const;
};

/// net = E - T (P_before + P_after) / 2, with u^2 = u_E^2 + T^2 u_idle^2. u_idle holds the budgets of both
/// idle windows, and their difference as a drift of unknown course, |P_after - P_before| / sqrt(12). All of
/// the total of `meter` in one tier and scope. The model is loaded in neither idle window.
NetEnergy net_energy(const TrialRecord& trial, const std::string& meter);

}  // namespace espalier::store
