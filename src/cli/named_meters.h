#pragma once

#include <string>
#include <vector>

#include "meters/named/named_meter.h"

namespace espalier::cli {

/// The help of every option --meter.
inline constexpr const char* kMeterHelp =
    "A meter to ask besides, e.g. shelly2://HOST or redfish://HOST; several may be given (docs/meters.md)";

/// Checks the names of meters, with logins from the variables that they name. Throws a usage Error.
std::vector<meters::NamedMeter> name_meters(const std::vector<std::string>& texts);

}  // namespace espalier::cli
