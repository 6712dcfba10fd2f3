#pragma once

#include "meters/named/kinds.h"

namespace espalier::meters::ipmi {

/// The power that this machine's baseboard management controller says of it, by IPMI (DCMI 1.5, Get Power
/// Reading), asked through the program `ipmitool`. Tier C: a sensor of the vendor, of whole watts, that is
/// averaged over a time that the controller does not tell; 60 s is assumed unless the option "averaging" says
/// another.
Meters make(const NamedRequest& request);
void check(const MeterSpec& spec);

}  // namespace espalier::meters::ipmi
