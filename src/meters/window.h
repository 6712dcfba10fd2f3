#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "meters/meter.h"
#include "meters/uncertainty.h"

namespace espalier::meters {

/// Whether the numbers of a window may be used.
enum class Validity {
    kValid,
    kGap,             ///< a reading at an edge or within failed
    kInterrupted,     ///< between the edges a read failed or more than one wrap was possible
    kAmbiguousTotal,  ///< zones are valid, but it is not known which of them to add
};

std::string_view name(Validity validity);

/// What one zone did in a window.
struct ZoneWindow {
    Zone zone;
    std::optional<Amount> amount;  ///< nothing where the zone's readings are not usable
    std::string problem;           ///< why; empty where there is an amount
};

/// What a meter says about the time between two readings.
struct WindowReading {
    std::string meter;
    std::string source;
    std::string scope;
    Tier tier = Tier::kNone;
    Part part = Part::kProcessor;
    UnitKind unit = UnitKind::kCumulativeEnergy;  ///< of the amounts: a power meter's window counts energy
    Seconds start;
    Seconds end;
    Validity validity = Validity::kValid;
    std::string problem;  ///< why the window is not valid; empty where it is
    std::vector<ZoneWindow> zones;
    std::optional<Joules> energy;  ///< total by domain algebra; nothing unless valid and an energy source
    Uncertainty uncertainty;       ///< of `energy`
    std::vector<std::string> notes;

    Seconds duration() const { return end - start; }
    bool valid() const { return validity == Validity::kValid; }
    /// The amount of a zone, or nothing where the zone is unknown or has none.
    std::optional<Amount> amount(std::string_view zone_id) const;
};

/// Turns the readings of one meter, first = start edge and last = end edge, into a window.
/// Energy, time: last - first.  Power: trapezoid over all readings.  Utilization: mean weighted by time.
/// Memory: the largest reading. Any gap, or a change of continuity, makes the zone's window invalid, and so
/// does a counter that did not move although what it counts always draws power.
/// `peak` is a power that was drawn at some moment of the window, as far as another meter of the same part
/// tells; a counter's budget takes at least that. Throws Error when there are fewer than two readings, or
/// they do not fit the description.
WindowReading measure(const Description& description, std::span<const Reading> readings,
                      Watts peak = Watts(0));

/// The largest power that the added zones of a power meter showed; 0 where no reading is whole.
Watts largest_power(const Description& description, std::span<const Reading> readings);

/// A point of the power curve that is drawn, never used as the energy.
struct PowerPoint {
    Seconds time;  ///< end of the interval the power is the mean of
    Watts power;
};

/// Mean power of the added zones between successive readings (energy meters) or at each reading (power
/// meters). Readings of a counter closer than two refreshes are taken together, because it may not have moved
/// in between. Intervals that are not valid are left out, so the curve has a hole and no zero.
std::vector<PowerPoint> power_trace(const Description& description, std::span<const Reading> readings);

/// The shortest window that gives a usable number: 60 s at a wall meter, 5 s for a sensor, 1 s for a counter
/// or model, and for all of them 50 refreshes and 10 times what the source averages over, unless the
/// description says otherwise; 0 for everything that does not measure energy.
Seconds shortest_window(const Description& description);

}  // namespace espalier::meters
