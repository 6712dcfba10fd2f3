#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/clock.h"
#include "meters/discovery.h"

namespace espalier::meters {

/// The effective refresh period of a meter: the usual time between changes of its value, polled every `poll`
/// for at most `limit`, or until `enough` changes were seen. Nothing where those were fewer than 5, or came
/// so irregularly that they tell of the load rather than of the meter, or where a read failed. The result is
/// better than one poll.
std::optional<Seconds> measure_refresh_period(Meter& meter, Clock& clock, Seconds limit = Seconds(2),
                                              Seconds poll = Seconds(0.0002), std::size_t enough = SIZE_MAX);

/// Watches energy meters for `duration`: ok when every read succeeds and the energy grows, broken when a
/// read fails or the counter stands still. A processor always draws power, so a counter that rests is frozen.
/// The result has one for each meter.
std::vector<Availability> self_check(std::span<Meter* const> meters, Clock& clock,
                                     Seconds duration = Seconds(5));

}  // namespace espalier::meters
