#pragma once

#include <algorithm>
#include <cmath>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "meters/fake/plant.h"

namespace espalier::bench {

/// P(t) = high in the first `width` of each period, low in the rest.
class SpikePlant final : public meters::Plant {
  public:
    SpikePlant(Watts low, Watts high, Seconds period, Seconds width)
        : low_(low), high_(high), period_(period), width_(width) {}
    Watts power(Seconds time) const override { return rest(time) < width_ ? high_ : low_; }
    Joules energy(Seconds time) const override {
        const double periods = std::floor(time / period_);
        return low_ * time + (high_ - low_) * (width_ * periods + std::min(rest(time), width_));
    }

  private:
    Seconds rest(Seconds time) const { return time - period_ * std::floor(time / period_); }

    Watts low_;
    Watts high_;
    Seconds period_;
    Seconds width_;
};

/// "constant W", "square LOW HIGH PERIOD", "spikes LOW HIGH PERIOD WIDTH", in watts and seconds; null where
/// it is none of these.
inline std::unique_ptr<meters::Plant> make_trace(const std::string& text) {
    std::istringstream words(text);
    std::string kind;
    words >> kind;
    std::vector<double> n;
    for (double number = 0; words >> number;) n.push_back(number);
    if (kind == "constant" && n.size() == 1) return std::make_unique<meters::ConstantPlant>(Watts(n[0]));
    if (kind == "square" && n.size() == 3)
        return std::make_unique<meters::SquarePlant>(Watts(n[0]), Watts(n[1]), Seconds(n[2]));
    if (kind == "spikes" && n.size() == 4)
        return std::make_unique<SpikePlant>(Watts(n[0]), Watts(n[1]), Seconds(n[2]), Seconds(n[3]));
    return nullptr;
}

}  // namespace espalier::bench
