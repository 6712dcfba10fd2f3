#pragma once

#include <optional>

#include "base/clock.h"
#include "meters/discovery.h"

namespace espalier::meters {

/// The effective refresh period of an energy meter: the median time between changes of its value, polled
/// every `poll` for at most `limit`. Nothing where fewer than 5 changes were seen, or a read failed. The
/// result is coarse by one poll.
std::optional<Seconds> measure_refresh_period(Meter& meter, Clock& clock, Seconds limit = Seconds(2),
                                              Seconds poll = Seconds(0.0002));

/// Watches an energy meter for `duration`: ok when every read succeeds and the energy grows, broken when a
/// read fails or the counter stands still. A processor always draws power, so a counter that rests is frozen.
Availability self_check(Meter& meter, Clock& clock, Seconds duration = Seconds(5));

}  // namespace espalier::meters
