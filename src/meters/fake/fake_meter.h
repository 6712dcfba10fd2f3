#pragma once

#include <optional>
#include <set>
#include <string>

#include "base/clock.h"
#include "meters/counter.h"
#include "meters/fake/plant.h"
#include "meters/meter.h"

namespace espalier::meters {

/// How a FakeMeter behaves.
struct FakeOptions {
    Tier tier = Tier::kHardwareCounter;
    UnitKind unit = UnitKind::kCumulativeEnergy;  ///< or kPower
    Seconds refresh_period{0.001};                ///< the source changes its value only at multiples of this
    Seconds phase{0};                             ///< shifts those multiples
    Joules resolution{0};                         ///< energies are rounded down to a multiple; 0 is exact
    std::optional<Joules> range;                  ///< the raw counter wraps here
    Watts max_power{1000};                        ///< what the wrap guard assumes
    std::string zone = "package-0";
    Seconds costly_period{0};  ///< as in Description
    Seconds least_window{0};   ///< as in Description
};

/// A meter that samples a Plant on a given clock, with scripted faults. For tests of everything above meters.
class FakeMeter final : public Meter {
  public:
    /// `plant` and `clock` must outlive the meter.
    FakeMeter(const Plant& plant, const Clock& clock, FakeOptions options = {});

    const Description& description() const override { return description_; }
    Reading read() override;

    /// How often read() was called.
    std::size_t reads() const { return reads_; }
    /// Makes the read of this number fail (0 is the first ever made).
    void fail_read(std::size_t number) { failing_.insert(number); }
    /// Makes every read from now on fail, as if the source had been removed.
    void remove() { removed_ = true; }
    void restore() { removed_ = false; }

  private:
    ZoneReading read_zone(Seconds time);

    const Plant& plant_;
    const Clock& clock_;
    FakeOptions options_;
    Description description_;
    CounterAccumulator counter_;
    std::size_t reads_ = 0;
    std::set<std::size_t> failing_;
    bool removed_ = false;
};

}  // namespace espalier::meters
