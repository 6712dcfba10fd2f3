#pragma once

#include <cstddef>

#include "statistics/repetitions.h"

namespace espalier::statistics {

/// Whether a sample looks normal. It is reported; no method here depends on it, for a test of few blocks
/// cannot show that they are.
struct Normality {
    double w = 1.0;  ///< near 1 for a normal sample
    double p_value = 1.0;
    std::size_t used = 0;
};

/// Shapiro & Wilk's test (1965) with the weights and p-values of Royston's algorithm AS R94 (1995, Applied
/// Statistics 44:547); for 3 values the p-value is exact. Throws Error for fewer than 3 or more than 5000
/// values, which the algorithm was not fitted to, and for values that are all equal, of which W is not
/// defined.
Normality shapiro_wilk(const Repetitions& sample);

}  // namespace espalier::statistics
