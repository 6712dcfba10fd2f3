#pragma once

#include "base/units.h"

namespace espalier {

/// A source of monotonic time. Measurements take a Clock so that tests can drive them with virtual time.
class Clock {
  public:
    virtual ~Clock() = default;
    /// Time since an arbitrary fixed origin; never goes back and never jumps with the wall clock.
    virtual Seconds now() const = 0;
    /// Blocks until `duration` has passed on this clock.
    virtual void sleep(Seconds duration) = 0;
};

/// CLOCK_MONOTONIC of the operating system.
class MonotonicClock final : public Clock {
  public:
    Seconds now() const override;
    void sleep(Seconds duration) override;
};

}  // namespace espalier
