#pragma once

#include <vector>

#include "base/units.h"

namespace espalier::meters {

/// An analytic power trace with its exact integral: the truth that fake sources sample.
class Plant {
  public:
    virtual ~Plant() = default;
    virtual Watts power(Seconds time) const = 0;
    /// Exact energy from time 0 to `time`, time >= 0.
    virtual Joules energy(Seconds time) const = 0;
};

/// P(t) = power.
class ConstantPlant final : public Plant {
  public:
    explicit ConstantPlant(Watts power) : power_(power) {}
    Watts power(Seconds) const override { return power_; }
    Joules energy(Seconds time) const override { return power_ * time; }

  private:
    Watts power_;
};

/// P(t) = high in the first half of each period, low in the second.
class SquarePlant final : public Plant {
  public:
    SquarePlant(Watts low, Watts high, Seconds period) : low_(low), high_(high), period_(period) {}
    Watts power(Seconds time) const override;
    Joules energy(Seconds time) const override;

  private:
    Watts low_;
    Watts high_;
    Seconds period_;
};

/// P(t) = start + slope t, slope in watts per second.
class RampPlant final : public Plant {
  public:
    RampPlant(Watts start, double watts_per_second) : start_(start), slope_(watts_per_second) {}
    Watts power(Seconds time) const override { return start_ + Watts(slope_ * time.value()); }
    Joules energy(Seconds time) const override {
        return start_ * time + Joules(0.5 * slope_ * time.value() * time.value());
    }

  private:
    Watts start_;
    double slope_;
};

/// P(t) = spike in the first `width` of each period, base in the rest.
class SpikePlant final : public Plant {
  public:
    SpikePlant(Watts base, Watts spike, Seconds period, Seconds width)
        : base_(base), spike_(spike), period_(period), width_(width) {}
    Watts power(Seconds time) const override;
    Joules energy(Seconds time) const override;

  private:
    Watts base_;
    Watts spike_;
    Seconds period_;
    Seconds width_;
};

/// P(t) = high or low for one chip after the other, as a pseudo-random binary sequence of 127 chips says
/// (shift register x^7 + x^6 + 1), which repeats.
class PrbsPlant final : public Plant {
  public:
    PrbsPlant(Watts low, Watts high, Seconds chip);
    Watts power(Seconds time) const override;
    Joules energy(Seconds time) const override;

  private:
    Watts low_;
    Watts high_;
    Seconds chip_;
    std::vector<bool> chips_;
    std::vector<int> high_before_;  ///< high chips before each chip, and in the whole sequence at the end
};

/// The latest multiple of a refresh period, shifted by a phase, that is not after `time`; never below 0. The
/// time itself where the period is 0.
Seconds last_refresh(Seconds time, Seconds period, Seconds phase);

}  // namespace espalier::meters
