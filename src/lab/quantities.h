#pragma once

#include <string>
#include <string_view>

#include "base/units.h"

namespace espalier::lab {

// Quantities as people write them, with their unit. Each throws a usage Error that names `what`, shows what
// was given and an example of what is understood. Values must be finite and not negative.

/// "20ms", "1.5s", "10m", "2h".
Seconds parse_duration(std::string_view text, std::string_view what);

/// Percentage points: "0.5pt" gives 0.005.
double parse_points(std::string_view text, std::string_view what);

/// "2%" gives 0.02.
double parse_percent(std::string_view text, std::string_view what);

/// Money per kilowatt-hour: "0.25/kWh" gives 0.25.
double parse_price(std::string_view text, std::string_view what);

/// Grams of CO2 equivalent per kilowatt-hour: "350g/kWh" gives 350.
double parse_carbon(std::string_view text, std::string_view what);

/// Grams of CO2 equivalent of making a machine over its life in years: "320kg/4y" gives grams per hour, 9.13.
double parse_embodied(std::string_view text, std::string_view what);

/// Money per hour: "1.20/h" gives 1.2.
double parse_rent(std::string_view text, std::string_view what);

/// Inverses, in the shortest form that reads back as the same value.
std::string write_duration(Seconds duration);
std::string write_points(double fraction);
std::string write_percent(double fraction);

/// A duration for people: "850 ms", "12 s", "3 min 20 s", "2 h 5 min".
std::string describe_duration(Seconds duration);

}  // namespace espalier::lab
