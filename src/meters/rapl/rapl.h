#pragma once

#include "meters/discovery.h"

namespace espalier::meters {

/// Finds the one meter of the processor's energy counters. Kernel events ("perf"), "powercap", registers
/// ("msr") and the driver "amd-energy" all show the same counters, so that only one of them becomes a meter:
/// the one that adds most zones, of equal ones the first in this order. The findings of the others say which.
/// Where none works, the first that lacks only permission is the one to allow.
void discover_rapl(const DiscoveryOptions& options, Discovery& discovery);

}  // namespace espalier::meters
