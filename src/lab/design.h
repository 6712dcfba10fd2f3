#pragma once

#include <cstdint>
#include <vector>

namespace espalier::lab {

/// One trial to be made: `variant` counts from 0 in the order of the plan.
struct Cell {
    int block = 0;
    int position = 0;
    int variant = 0;
    bool operator==(const Cell&) const = default;
};

/// A randomized complete block design: every block holds every variant once, in an order of its own, so that
/// slow drift of the machine falls on all variants alike and cancels in paired comparisons.
/// Fisher-Yates with xoshiro256** (base/random.h): one seed gives one table on every platform, and the first
/// k blocks do not depend on how many follow. Throws Error unless variants, blocks >= 1.
std::vector<Cell> make_design(int variants, int blocks, std::uint64_t seed);

}  // namespace espalier::lab
