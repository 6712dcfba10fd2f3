#include "meters/rapl/zone.h"

#include <fmt/core.h>

#include <map>
#include <set>

namespace espalier::meters {
namespace {

std::string scope_of(const RaplZone& zone) {
    if (zone.name == "psys") return "platform";
    if (zone.top_level) return "CPU " + zone.name;
    if (zone.name == "dram") return "DRAM of " + zone.package;
    return zone.name + " of " + zone.package;
}

bool is_package(std::string_view name) { return name.substr(0, 8) == "package-"; }

/// "package-0" of "package-0-die-1".
std::string socket_of(const std::string& package) { return package.substr(0, package.find("-die-")); }

ZoneRole role_of_further_die(DieRelation dies) {
    switch (dies) {
        case DieRelation::kMirrored:
            return ZoneRole::kDuplicate;
        case DieRelation::kDistinct:
            return ZoneRole::kAdded;
        case DieRelation::kUnknown:
            break;
    }
    return ZoneRole::kAmbiguous;
}

}  // namespace

RaplZone make_rapl_zone(const std::string& name, const std::string& package, std::string_view variant) {
    RaplZone zone;
    zone.name = name;
    zone.package = package;
    zone.top_level = name == package;
    zone.zone.id = zone.top_level ? name : fmt::format("{}/{}", package, name);
    if (!variant.empty()) zone.zone.id += fmt::format(" ({})", variant);
    zone.zone.scope = scope_of(zone);
    return zone;
}

void assign_roles(std::vector<RaplZone>& zones, DieRelation dies) {
    std::set<std::pair<std::string, bool>> seen;      // package, and whether itself or its DRAM
    std::map<std::string, std::string> first_die_of;  // socket -> the die that stands for it
    for (RaplZone& zone : zones) {
        const bool adds = is_package(zone.package) && (zone.top_level || zone.name == "dram");
        if (!adds) {
            zone.zone.role = ZoneRole::kContained;
            continue;
        }
        const bool repeated = !seen.emplace(zone.package, zone.top_level).second;
        const std::string& first_die =
            first_die_of.try_emplace(socket_of(zone.package), zone.package).first->second;
        const bool further_die = first_die != zone.package;
        zone.zone.role = repeated      ? ZoneRole::kDuplicate
                         : further_die ? role_of_further_die(dies)
                                       : ZoneRole::kAdded;
    }
}

}  // namespace espalier::meters
