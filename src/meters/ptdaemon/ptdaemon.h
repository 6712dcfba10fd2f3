#pragma once

#include "meters/named/kinds.h"

namespace espalier::meters::ptdaemon {

/// A power analyser behind SPEC's PTDaemon, asked over TCP. Its ranges are found while the load warms up
/// (ranging, in Auto) and fixed before the window that counts (testing), unless the options "volts" and
/// "amps" state them. In testing, a range in Auto, a value beyond its range, or an uncertainty above 1 % or
/// not known is a gap.
Meters make(const NamedRequest& request);
void check(const MeterSpec& spec);

}  // namespace espalier::meters::ptdaemon
