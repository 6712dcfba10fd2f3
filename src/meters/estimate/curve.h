#pragma once

#include "meters/meter.h"

namespace espalier::meters {

/// Power of a processor as a share of its thermal design power, by load in [0, 1] (clamped): linear between
/// the measured points 0 -> 0.12, 10 % -> 0.32, 50 % -> 0.75, 100 % -> 1.02 (Teads engineering, 2021).
double power_share(double load);

/// Truth lies within the estimate times this: 5th to 95th percentile over 86 loads on four machines, widened
/// because four are few.
inline constexpr FactorInterval kCurveFactor{0.4, 1.6};

}  // namespace espalier::meters
