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

/// Both edges of a window fall at a random phase of the refresh period T_u. At constant power P the error is
/// the difference of two uniforms on [0, P T_u]:  u = P T_u / sqrt(6),  bound = P T_u.  Where power varies, P
/// is the largest it had, because an edge may have fallen there.
BudgetLine refresh_edges(Watts power, Seconds refresh_period);

/// Both readings are rounded to a step R:  u = R / sqrt(6),  bound = R.
BudgetLine resolution_edges(Joules step);

/// The budget of an energy read by a meter over a window of `duration` in which power was at most `peak`.
Uncertainty budget(const Description& description, Watts peak, Seconds duration);

}  // namespace espalier::meters
