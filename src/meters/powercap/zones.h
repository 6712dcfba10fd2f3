#pragma once

#include <vector>

#include "meters/file_tree.h"
#include "meters/rapl/zone.h"

namespace espalier::meters {

/// All RAPL zones of the kernel's powercap tree, in order of provider (MSR, TPMI, MMIO) and number; their
/// place is the folder, and roles are those of assign_roles() with kUnknown.
std::vector<RaplZone> find_powercap_zones(const FileTree& files);

}  // namespace espalier::meters
