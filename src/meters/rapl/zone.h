#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "meters/meter.h"

namespace espalier::meters {

/// Whether the dies of one package count on their own, or each repeats the counter of the socket.
enum class DieRelation { kUnknown, kMirrored, kDistinct };

/// One energy counter of RAPL, whoever reads it.
struct RaplZone {
    std::string place;            ///< where its reader finds it: "sys/class/powercap/intel-rapl:0:1"
    std::string name;             ///< "package-0", "package-0-die-1", "core", "uncore", "dram", "psys"
    std::string package;          ///< the zone at the top that it belongs to, its own name at the top
    bool top_level = true;        ///< false for children such as core and dram
    std::optional<Joules> range;  ///< where the counter restarts; nothing where it is not told
    Joules step;                  ///< its least step
    Zone zone;
};

/// A zone with id and scope. `variant` tells apart what two readers show of one counter: "mmio"; it may be
/// empty.
RaplZone make_rapl_zone(const std::string& name, const std::string& package, std::string_view variant = "");

/// Domain algebra: every package once; DRAM lies outside its package in spite of the tree and is added once;
/// core and uncore lie inside it; psys lies around everything; a zone that comes a second time is a
/// duplicate. Of several dies of a package the first is added, and the others are added (kDistinct),
/// duplicates (kMirrored) or ambiguous (kUnknown), with what lies below them.
void assign_roles(std::vector<RaplZone>& zones, DieRelation dies);

}  // namespace espalier::meters
