#include "meters/fake/plant.h"

#include <algorithm>
#include <cmath>

namespace espalier::meters {

Watts SquarePlant::power(Seconds time) const {
    const double phase = time / period_ - std::floor(time / period_);
    return phase < 0.5 ? high_ : low_;
}

Joules SquarePlant::energy(Seconds time) const {
    const double periods = std::floor(time / period_);
    const Seconds half = period_ / 2;
    const Seconds rest = time - period_ * periods;
    const Seconds rest_high = std::min(rest, half);
    return (high_ + low_) * half * periods + high_ * rest_high + low_ * (rest - rest_high);
}

}  // namespace espalier::meters
