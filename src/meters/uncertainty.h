#pragma once

#include <optional>
#include <string>
#include <vector>

#include "meters/meter.h"

namespace espalier::meters {

/// One line of an error budget.
struct BudgetLine {
    std::string component;  ///< e.g. "refresh edges"
    Joules standard;        ///< standard uncertainty (one sigma)
    Joules bound;           ///< largest error the component can make
};

/// What is known about the error of an energy. Type B of the GUM; the spread over repetitions is added by the
/// lab.
struct Uncertainty {
    std::vector<BudgetLine> lines;
    std::optional<FactorInterval> factor;  ///< models: truth = estimate x [low, high]; then lines are empty

    /// Root of the sum of squares of the lines.
    Joules standard() const;
    /// Sum of the bounds.
    Joules bound() const;
};

/// Both edges of a window fall at a random phase of the refresh period T_u, so at mean power P the error is a
/// difference of two uniforms on [0, P T_u]:  u = P T_u / sqrt(6),  bound = P T_u.
BudgetLine refresh_edges(Watts mean_power, Seconds refresh_period);

/// Both readings are rounded to a step R:  u = R / sqrt(6),  bound = R.
BudgetLine resolution_edges(Joules step);

/// The budget of `energy` read by a meter over a window of `duration`.
Uncertainty budget(const Description& description, Joules energy, Seconds duration);

}  // namespace espalier::meters
