#include "meters/powercap/zones.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

namespace espalier::meters {
namespace {

constexpr std::string_view kRoot = "sys/class/powercap";
constexpr std::array<std::string_view, 3> kProviders = {"intel-rapl", "intel-rapl-tpmi", "intel-rapl-mmio"};
constexpr double kCounterSteps = 4294967295.0;  // the counters have 32 bits

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

RaplZone read_zone(const FileTree& files, const ZoneName& number) {
    const std::string folder = folder_of(number, number.numbers.size());
    const std::string name = files.read(folder + "/name").text;
    const bool top_level = number.numbers.size() == 1;
    const std::string package = top_level ? name : files.read(folder_of(number, 1) + "/name").text;
    // MSR, the first provider, is the usual one and goes without saying.
    const std::string_view variant =
        number.provider == 0 ? "" : kProviders[number.provider].substr(kProviders[0].size() + 1);
    RaplZone zone = make_rapl_zone(name, package, variant);
    zone.place = folder;
    zone.top_level = top_level;
    zone.range = read_range(files, folder);
    if (zone.range) zone.step = *zone.range / kCounterSteps;
    return zone;
}

}  // namespace

std::vector<RaplZone> find_powercap_zones(const FileTree& files) {
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

}  // namespace espalier::meters
