#pragma once

#include <algorithm>

#include "statistics/repetitions.h"

namespace espalier::statistics {

/// The range of changes that make no difference, in the unit of the change.
struct Bounds {
    double low = 0.0;
    double high = 0.0;
};

/// Two one-sided tests (Schuirmann 1987) of a change against bounds.
///
/// Each p-value alone is a test of non-inferiority: `above_low` where less is worse (an accuracy),
/// `below_high` where more is worse (an energy, a time).
struct Equivalence {
    double above_low = 1.0;   ///< p of "the change lies above bounds.low"
    double below_high = 1.0;  ///< p of "the change lies below bounds.high"

    /// p of "the change lies within the bounds". At 5 % it agrees with a 90 % interval inside the bounds.
    double p_value() const { return std::max(above_low, below_high); }
};

// All of these throw Error unless bounds.low < bounds.high and both are finite.

/// Of the mean change, by Student's t. Throws Error for fewer than two changes.
Equivalence tost(const Repetitions& changes, Bounds bounds);

/// Of the typical change, by the exact signed-rank test: no distribution is assumed but symmetry. Throws
/// Error for no change.
Equivalence rank_tost(const Repetitions& changes, Bounds bounds);

/// Of the shift from `first` to `second`, independent samples, by the Mann-Whitney test. Throws Error for an
/// empty sample.
Equivalence rank_tost(const Repetitions& first, const Repetitions& second, Bounds bounds);

/// Bounds of log(treated / baseline) for a ratio within [1 - margin, 1 + margin]. Throws Error unless 0 <
/// margin < 1.
Bounds ratio_bounds(double margin);

}  // namespace espalier::statistics
