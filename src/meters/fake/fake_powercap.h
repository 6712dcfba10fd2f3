#pragma once

#include <string>

#include "base/clock.h"
#include "meters/fake/fake_files.h"
#include "meters/fake/plant.h"

namespace espalier::meters {

/// One zone of a fake powercap tree.
struct FakeRaplZone {
    std::string folder;  ///< "intel-rapl:0", "intel-rapl:0:1", "intel-rapl-mmio:0"
    std::string name;    ///< "package-0", "dram", ...
    Joules range{262143.328850};
    Seconds phase{};  ///< of the refreshes
};

/// Adds a zone whose counter samples a plant on a clock, refreshed each millisecond, in whole microjoules,
/// wrapping at its range. `plant` and `clock` must outlive the files.
void add_rapl_zone(FakeFiles& files, const FakeRaplZone& zone, const Plant& plant, const Clock& clock);

}  // namespace espalier::meters
