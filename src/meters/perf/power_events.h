#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "meters/availability.h"
#include "meters/file_tree.h"

namespace espalier::meters {

/// One event of the kernel's event source `power`.
struct PowerEvent {
    std::string domain;  ///< as powercap calls it: "package", "dram", "core", "uncore", "psys"
    std::uint64_t config = 0;
    double joules_per_count = 0;
};

/// The event source `power`: /sys/bus/event_source/devices/power.
struct PowerEvents {
    std::uint32_t type = 0;
    std::vector<int> cpus;  ///< on each of which the events are opened, one of each die or package
    std::vector<PowerEvent> events;
};

/// Reads the event source's description, or says why it cannot be used. An event in another unit than joules,
/// or of a domain that is not known, is left out.
std::variant<PowerEvents, Availability> read_power_events(const FileTree& files);

}  // namespace espalier::meters
