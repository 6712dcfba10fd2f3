#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace espalier::statistics {

/// Distribution of the sum of those ranks whose sign is positive when each sign is a fair coin: element s is
/// P(sum = s). Ranks are whole numbers; ties are given doubled, so that mid-ranks are whole too.
std::vector<double> sign_distribution(std::span<const std::size_t> ranks);

}  // namespace espalier::statistics
