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

Watts SpikePlant::power(Seconds time) const {
    const Seconds rest = time - period_ * std::floor(time / period_);
    return rest < width_ ? spike_ : base_;
}

Joules SpikePlant::energy(Seconds time) const {
    const double periods = std::floor(time / period_);
    const Seconds rest_spike = std::min(time - period_ * periods, width_);
    return base_ * time + (spike_ - base_) * (width_ * periods + rest_spike);
}

PrbsPlant::PrbsPlant(Watts low, Watts high, Seconds chip) : low_(low), high_(high), chip_(chip) {
    unsigned state = 0x7f;
    constexpr int kLength = 127;
    high_before_.push_back(0);
    for (int i = 0; i < kLength; ++i) {
        const unsigned bit = ((state >> 6) ^ (state >> 5)) & 1u;
        state = ((state << 1) | bit) & 0x7f;
        chips_.push_back(bit == 1);
        high_before_.push_back(high_before_.back() + static_cast<int>(bit));
    }
}

Watts PrbsPlant::power(Seconds time) const {
    const auto chip = static_cast<std::size_t>(std::floor(time / chip_));
    return chips_[chip % chips_.size()] ? high_ : low_;
}

Joules PrbsPlant::energy(Seconds time) const {
    const auto chip = static_cast<std::size_t>(std::floor(time / chip_));
    const std::size_t within = chip % chips_.size();
    const auto sequences = static_cast<double>(chip / chips_.size());
    Seconds high = chip_ * (sequences * high_before_.back() + high_before_[within]);
    if (chips_[within]) high += time - chip_ * static_cast<double>(chip);
    return low_ * time + (high_ - low_) * high;
}

Seconds last_refresh(Seconds time, Seconds period, Seconds phase) {
    if (period <= Seconds(0)) return time;
    // A billionth of a period: times that are a multiple but for rounding count as one.
    const double periods = std::floor((time - phase) / period + 1e-9);
    return std::max(Seconds(0), phase + period * periods);
}

}  // namespace espalier::meters
