#pragma once

#include "meters/named/kinds.h"
#include "meters/wall/source.h"

namespace espalier::meters::wall {

/// Devices that say power, or energy, or both, over HTTP: those at the outlet, and whatever shows a number in
/// JSON or as a Prometheus metric. A device that says both has two meters: its power, which is integrated and
/// comes first, because registers are coarse; and its register, beside it as a check.
Meters make_shelly1(const NamedRequest& request);
Meters make_shelly2(const NamedRequest& request);
Meters make_tasmota(const NamedRequest& request);
Meters make_netio(const NamedRequest& request);
Meters make_http_json(const NamedRequest& request);
Meters make_prometheus(const NamedRequest& request);

void check_plug(const MeterSpec& spec);
void check_value(const MeterSpec& spec);
void check_metric(const MeterSpec& spec);

/// The meters "<name>-power" and "<name>-energy" of a device, as far as its first answer has these numbers.
/// Throws SourceError where it has neither, or gives no answer.
Meters make_meters(const std::string& name, std::shared_ptr<Source> source);

}  // namespace espalier::meters::wall
