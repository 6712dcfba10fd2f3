#pragma once

#include <optional>
#include <string>
#include <vector>

#include "meters/availability.h"
#include "meters/file_tree.h"

namespace espalier::meters {

/// A device of the kernel's hardware monitoring (Documentation/hwmon/sysfs-interface.rst).
struct HwmonChip {
    std::string name;     ///< of its driver: "xe", "ina3221"
    std::string folder;   ///< "sys/class/hwmon/hwmon3"
    std::string address;  ///< where it is plugged in, "0000:03:00.0"; the last part of the folder elsewhere
};

/// One measured thing of a chip.
struct HwmonChannel {
    std::string id;     ///< "energy1"
    std::string label;  ///< as the driver calls it; empty where it does not
    std::string path;   ///< of the file with its value
};

/// The chips, in order of their number.
std::vector<HwmonChip> find_hwmon_chips(const FileTree& files);

/// Those channels of a chip that have a file <kind><number>_<suffix>, in order of their number.
std::vector<HwmonChannel> find_channels(const FileTree& files, const HwmonChip& chip, const std::string& kind,
                                        const std::string& suffix);

/// Why one of these files cannot be read; nothing where all can.
std::optional<Availability> unreadable_channel(const FileTree& files,
                                               const std::vector<HwmonChannel>& channels);

}  // namespace espalier::meters
