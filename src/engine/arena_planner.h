#pragma once

#include <cstddef>
#include <vector>

namespace espalier::engine {

/// A block of memory that is needed from step `first` to step `last`, both included.
struct Lifetime {
    std::size_t bytes = 0;
    int first = 0;
    int last = 0;
};

/// Offsets that let blocks share memory when their lifetimes do not meet.
struct ArenaPlan {
    std::vector<std::size_t> offsets;  ///< one per block, multiples of 64
    std::size_t bytes = 0;             ///< size of the arena
};

/// Divides the arena into zones that hold one block at a time, large blocks first (greedy by size for shared
/// objects, Pisarchyk & Lee 2020, arXiv 2001.03288), each in the middle of its zone. Threads that compute the
/// first and the second half of every value then stay on their own side of each zone, and do not write where
/// the other's cache has lines of an earlier value: between processors that share no cache such a line takes
/// longer than the arithmetic.
ArenaPlan plan_arena(const std::vector<Lifetime>& blocks);

}  // namespace espalier::engine
