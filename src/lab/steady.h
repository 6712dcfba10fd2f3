#pragma once

#include <span>

namespace espalier::lab {

/// Whether calls have settled: the median of the last 5 times is within 3 % of the median of the 5 before.
/// False with fewer than 10 times.
bool is_steady(std::span<const float> times);

}  // namespace espalier::lab
