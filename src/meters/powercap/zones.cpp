#include "meters/powercap/zones.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <map>
#include <set>
#include <string_view>

namespace espalier::meters {
namespace {

constexpr std::string_view kRoot = "sys/class/powercap";
constexpr std::array<std::string_view, 3> kProviders = {"intel-rapl", "intel-rapl-tpmi", "intel-rapl-mmio"};

/// "intel-rapl:0:1" split into provider and numbers; nothing for control types and strangers.
struct ZoneName {
    std::size_t provider;
    std::vector<int> numbers;

    auto operator<=>(const ZoneName&) const = default;
};

std::optional<ZoneName> parse_zone_name(std::string_view text) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const auto provider = std::find(kProviders.begin(), kProviders.end(), text.substr(0, colon));
    if (provider == kProviders.end()) return std::nullopt;
    ZoneName name{static_cast<std::size_t>(provider - kProviders.begin()), {}};
    for (std::string_view rest = text.substr(colon); !rest.empty();) {
        int number = 0;
        const auto [end, error] = std::from_chars(rest.data() + 1, rest.data() + rest.size(), number);
        if (rest[0] != ':' || error != std::errc() || number < 0) return std::nullopt;
        name.numbers.push_back(number);
        rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    }
    return name;
}

std::string folder_of(const ZoneName& name, std::size_t depth) {
    std::string folder = fmt::format("{}/{}", kRoot, kProviders[name.provider]);
    for (std::size_t i = 0; i < depth; ++i) folder += fmt::format(":{}", name.numbers[i]);
    return folder;
}

std::optional<Joules> read_range(const FileTree& files, const std::string& folder) {
    const FileContent content = files.read(folder + "/max_energy_range_uj");
    double microjoules = 0;
    const char* end = content.text.data() + content.text.size();
    const auto result = std::from_chars(content.text.data(), end, microjoules);
    if (!content.ok() || result.ec != std::errc() || microjoules <= 0) return std::nullopt;
    return Joules(1e-6 * microjoules);
}

std::string scope_of(const RaplZone& zone) {
    if (zone.name == "psys") return "platform";
    if (zone.top_level) return "CPU " + zone.name;
    if (zone.name == "dram") return "DRAM of " + zone.package;
    return zone.name + " of " + zone.package;
}

RaplZone read_zone(const FileTree& files, const ZoneName& name) {
    RaplZone zone;
    zone.folder = folder_of(name, name.numbers.size());
    zone.provider = kProviders[name.provider];
    zone.name = files.read(zone.folder + "/name").text;
    zone.top_level = name.numbers.size() == 1;
    zone.package = zone.top_level ? zone.name : files.read(folder_of(name, 1) + "/name").text;
    zone.range = read_range(files, zone.folder);
    zone.zone.id = zone.top_level ? zone.name : fmt::format("{}/{}", zone.package, zone.name);
    if (zone.provider != kProviders[0])
        zone.zone.id += fmt::format(" ({})", zone.provider.substr(kProviders[0].size() + 1));
    zone.zone.scope = scope_of(zone);
    return zone;
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

std::vector<RaplZone> find_rapl_zones(const FileTree& files) {
    std::vector<ZoneName> names;
    for (const std::string& entry : files.list(kRoot)) {
        if (const auto name = parse_zone_name(entry)) names.push_back(*name);
    }
    std::sort(names.begin(), names.end());
    std::vector<RaplZone> zones;
    for (const ZoneName& name : names) zones.push_back(read_zone(files, name));
    assign_roles(zones, DieRelation::kUnknown);
    return zones;
}

std::optional<Joules> read_energy(const FileTree& files, const RaplZone& zone) {
    const FileContent content = files.read(zone.folder + "/energy_uj");
    std::uint64_t microjoules = 0;
    const char* end = content.text.data() + content.text.size();
    const auto result = std::from_chars(content.text.data(), end, microjoules);
    if (!content.ok() || result.ec != std::errc() || result.ptr != end) return std::nullopt;
    return Joules(1e-6 * static_cast<double>(microjoules));
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
