#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "meters/meter.h"

namespace espalier::meters {

/// What bounds the steps of an energy counter.
struct CounterLimits {
    std::optional<Joules> range;  ///< the counter restarts at 0 after this; nothing where it never wraps
    Watts max_power{1000};        ///< no more than this can be drawn
    Seconds refresh_period;       ///< a step may hold the energy of one period more than the time that passed
    /// The source adds up the wraps of a counter beneath it: its own value never restarts, but a wrap that
    /// falls between two of its looks at that counter is lost.
    bool adds_wraps = false;
    /// What is counted always draws power, so a value that rests longer is that of a counter that stopped.
    std::optional<Seconds> longest_rest{};

    /// Time in which at most one wrap is possible: range / max_power. Nothing where it never wraps.
    std::optional<Seconds> wrap_time() const;
    /// How often to read to be safe: a quarter of wrap_time().
    std::optional<Seconds> longest_gap() const;
};

/// Unwraps a counter into a 64-bit running energy, and tells where it cannot.
///   step = raw - last            when raw >= last
///   step = raw + range - last    after a wrap, unless the source adds wraps up
/// A value that rests longer than longest_rest is a Gap.
/// A step above max_power x (time + refresh period) is impossible: a Gap, and a new start from this value.
/// More than wrap_time() between two reads may hide a wrap: the value counts on, with another continuity.
class CounterAccumulator {
  public:
    explicit CounterAccumulator(CounterLimits limits) : limits_(limits) {}

    /// Takes the counter's raw value read at `time` (not before the last).
    ZoneReading accept(Joules raw, Seconds time);
    /// Notes that a read failed, so that no window reaches across, and returns the gap.
    Gap interrupt(Gap gap);

  private:
    void break_continuity(std::string reason);

    CounterLimits limits_;
    std::optional<Joules> last_;
    Seconds last_time_;
    Seconds moved_;  ///< when the last value was first seen
    Joules total_;
    std::uint64_t continuity_ = 0;
    std::string interruption_;
};

}  // namespace espalier::meters
