#pragma once

#include <cstdint>

namespace espalier::models {

/// The multiple of `divisor` nearest to `width`, at least `least`, and not more than 10 % below `width`: how
/// mobile networks round the channels of a scaled layer.
std::int64_t divisible(double width, std::int64_t divisor, std::int64_t least);

/// The same, where at least one `divisor` is kept.
inline std::int64_t divisible(double width, std::int64_t divisor) {
    return divisible(width, divisor, divisor);
}

/// Python's round(): halves go to the even neighbour.
std::int64_t round_half_even(double value);

}  // namespace espalier::models
