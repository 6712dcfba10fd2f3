#pragma once

#include <string>

#include "meters/named/spec.h"

namespace espalier::meters {

/// The longest averaging known of a baseboard management controller (iDRAC).
inline constexpr Seconds kControllerAveraging{60};

/// Over how long a controller averages: the option "averaging", or the longest known.
inline Seconds controller_averaging(const MeterSpec& spec) {
    return spec.duration("averaging").value_or(kControllerAveraging);
}

/// What belongs to each of its numbers.
inline std::string controller_averaging_note(const MeterSpec& spec) {
    const std::string stated = spec.option("averaging");
    return stated.empty() ? "the controller averages over a time that it does not tell, taken as 60 s"
                          : "that the controller averages over " + stated + " is what the user states";
}

inline constexpr const char* kControllerTimeNote =
    "it tells no time of its own, so a value that rests looks like a steady load";

}  // namespace espalier::meters
