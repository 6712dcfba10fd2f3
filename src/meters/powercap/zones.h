#pragma once

#include <optional>
#include <string>
#include <vector>

#include "meters/file_tree.h"
#include "meters/meter.h"

namespace espalier::meters {

/// Whether the dies of one package count on their own, or each repeats the counter of the socket.
enum class DieRelation { kUnknown, kMirrored, kDistinct };

/// One RAPL zone of the kernel's powercap tree.
struct RaplZone {
    std::string folder;           ///< "sys/class/powercap/intel-rapl:0:1"
    std::string provider;         ///< "intel-rapl" (MSR), "intel-rapl-tpmi" or "intel-rapl-mmio"
    std::string name;             ///< content of `name`: "package-0", "package-0-die-1", "dram", "psys", ...
    std::string package;          ///< top-level zone it belongs to, its own name at the top: "package-0"
    bool top_level = true;        ///< false for children such as core and dram
    std::optional<Joules> range;  ///< max_energy_range_uj; nothing where it cannot be read
    Zone zone;
};

/// All RAPL zones, in order of provider and number; roles are those of assign_roles() with kUnknown.
std::vector<RaplZone> find_rapl_zones(const FileTree& files);

/// What the zone's counter shows now; nothing where it cannot be read or holds no whole number.
std::optional<Joules> read_energy(const FileTree& files, const RaplZone& zone);

/// Domain algebra: every package once; DRAM lies outside its package in spite of the tree and is added once;
/// core and uncore lie inside it; psys lies around everything; a zone that another provider reports too is a
/// duplicate (MSR before TPMI before MMIO). Of several dies of a package the first is added, and the others
/// are added (kDistinct), duplicates (kMirrored) or ambiguous (kUnknown), with what lies below them.
void assign_roles(std::vector<RaplZone>& zones, DieRelation dies);

}  // namespace espalier::meters
