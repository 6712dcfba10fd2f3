#include "models/divisible.h"

#include <algorithm>
#include <cmath>

namespace espalier::models {

std::int64_t divisible(double width, std::int64_t divisor, std::int64_t least) {
    const auto nearest =
        static_cast<std::int64_t>(width + static_cast<double>(divisor) / 2) / divisor * divisor;
    const std::int64_t channels = std::max(least, nearest);
    return static_cast<double>(channels) < 0.9 * width ? channels + divisor : channels;
}

std::int64_t round_half_even(double value) { return static_cast<std::int64_t>(std::nearbyint(value)); }

}  // namespace espalier::models
