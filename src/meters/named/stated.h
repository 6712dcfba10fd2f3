#pragma once

#include <string>
#include <vector>

#include "meters/meter.h"
#include "meters/named/spec.h"

namespace espalier::meters {

/// What the user says about numbers of which nothing else is known.
struct Stated {
    Unit unit;
    Tier tier = Tier::kIntegratedSensor;
    Part part = Part::kMachine;
    double accuracy = 0.0;
    Seconds averaging{};
    std::string scope;               ///< in words
    std::vector<std::string> notes;  ///< that it is the user who says so, or what else belongs to each number
};

/// Reads the options unit, tier (A to D; C where not stated), scope (machine, cpu, gpu or module), accuracy
/// and averaging. Throws a usage Error where one is none of these, or where tier A is stated without an
/// accuracy: nothing else is known of the meter.
Stated stated(const MeterSpec& spec);

}  // namespace espalier::meters
