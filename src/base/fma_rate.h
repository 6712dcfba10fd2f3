#pragma once

#include "base/cpu_features.h"

namespace espalier {

/// Vectors of `isa`'s full width that one core of this processor multiplies and adds in a cycle. 1 where
/// 512-bit operations go through 256-bit units in two halves, as in AMD's Zen 4 (family 19h; Software
/// Optimization Guide for the AMD Zen4 Microarchitecture, 57647, section 2.11); 2 elsewhere.
double fma_rate(Isa isa);

}  // namespace espalier
