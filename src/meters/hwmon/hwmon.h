#pragma once

#include "meters/discovery.h"

namespace espalier::meters {

/// Finds the meter "intel-gpu": energy counters of graphics cards by the drivers i915 and xe. The card is
/// added; its package and its tiles lie inside it and are shown.
void discover_intel_gpu(const DiscoveryOptions& options, Discovery& discovery);

/// Finds the meter "ina3221": the power monitor of Jetson and similar boards. Rails are shown; only the input
/// of the whole module (VDD_IN, POM_5V_IN), which contains them, makes a total.
void discover_ina3221(const DiscoveryOptions& options, Discovery& discovery);

/// Finds the meters "hwmon-energy" and "hwmon-power": what other chips tell. What such a sensor covers is
/// known to whoever built the machine, so that all are shown and none is ever added.
void discover_hwmon(const DiscoveryOptions& options, Discovery& discovery);

}  // namespace espalier::meters
