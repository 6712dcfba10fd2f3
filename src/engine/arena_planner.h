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

/// Places large blocks first, each at the lowest offset where it overlaps no block of a meeting lifetime
/// (greedy by size, Pisarchyk & Lee 2020, arXiv 2001.03288).
ArenaPlan plan_arena(const std::vector<Lifetime>& blocks);

}  // namespace espalier::engine
