#pragma once

#include "meters/named/kinds.h"

namespace espalier::meters::redfish {

/// The power that a baseboard management controller says of a chassis, by Redfish (DSP0266):
/// PowerConsumedWatts of its Power, or PowerWatts and EnergykWh of its EnvironmentMetrics. Tier C: a sensor
/// of the vendor, of whole watts, that most controllers average over a time they do not tell.
Meters make(const NamedRequest& request);
void check(const MeterSpec& spec);

}  // namespace espalier::meters::redfish
