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

/// A sensor that shows means over a time A knows nothing of what began just before an edge: it lags by A / 2
/// at each edge. Where power varied by dP the error is at most dP A:  bound = dP A,  u = dP A / sqrt(6).
BudgetLine averaging_edges(Watts spread, Seconds averaging);

/// How power went in a window, as far as the readings tell.
struct PowerSeen {
    Watts least;
    Watts peak;
    Watts moved;       ///< sum of |dP| from reading to reading
    Watts moved_root;  ///< root of the sum of dP^2
    Seconds apart;     ///< longest time between two readings
    Watts mean;
    Seconds time_error;  ///< largest of an edge, see Value

    Watts spread() const { return peak - least; }
};

/// A change dP of power is seen at the first of samples h apart that shows a value of age up to T_u, and the
/// trapezoid draws it as a line: when it happened is known to h + T_u.  u = sqrt(sum dP^2) (h + T_u) /
/// sqrt(12), bound = sum |dP| (h + T_u).  A load that repeats as fast as the samples come is not bounded by
/// this.
BudgetLine between_samples(const PowerSeen& seen, Seconds refresh_period);

/// When the source was read is known to +-e at both edges:  bound = 2 P e,  u = 2 P e / sqrt(6).
BudgetLine time_edges(Watts power, Seconds time_error);

/// All values may be wrong by the same share a of them:  bound = a E,  u = a E / sqrt(3).
BudgetLine gain(Joules energy, double accuracy);

/// The budget of an energy read by a meter over a window of `duration` in which power went as `seen`.
Uncertainty budget(const Description& description, const PowerSeen& seen, Seconds duration);

}  // namespace espalier::meters
