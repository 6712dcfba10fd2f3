#include "meters/rapl/topology.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <string_view>

#include "meters/number_file.h"

namespace espalier::meters {
namespace {

constexpr const char* kCpus = "sys/devices/system/cpu";
constexpr int kMostCpus = 65536;

/// The die of a package that a CPU belongs to.
struct Place {
    std::int64_t package = 0;
    std::int64_t die = 0;

    auto operator<=>(const Place&) const = default;
};

std::int64_t number_or_zero(const FileTree& files, const std::string& path) {
    const NumberRead number = read_count(files, path);
    const std::int64_t* value = std::get_if<std::int64_t>(&number);
    return value == nullptr ? 0 : *value;
}

Place place_of(const FileTree& files, int cpu) {
    const std::string folder = fmt::format("{}/cpu{}/topology/", kCpus, cpu);
    return {number_or_zero(files, folder + "physical_package_id"), number_or_zero(files, folder + "die_id")};
}

/// A number in [0, kMostCpus) that begins `text` and is cut off it; -1 where there is none.
int take_number(std::string_view& text) {
    int number = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || number < 0 || number >= kMostCpus) return -1;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return number;
}

}  // namespace

std::vector<int> parse_cpu_list(const std::string& text) {
    std::vector<int> cpus;
    for (std::string_view rest = text; !rest.empty();) {
        const int first = take_number(rest);
        int last = first;
        if (rest.substr(0, 1) == "-") {
            rest.remove_prefix(1);
            last = take_number(rest);
        }
        if (first < 0 || last < first) return {};
        for (int cpu = first; cpu <= last; ++cpu) cpus.push_back(cpu);
        if (rest.empty()) break;
        if (rest[0] != ',') return {};
        rest.remove_prefix(1);
        if (rest.empty()) return {};
    }
    return cpus;
}

std::vector<int> listed_cpus(const FileTree& files) {
    std::vector<int> cpus;
    for (const std::string& entry : files.list(kCpus)) {
        if (entry.rfind("cpu", 0) != 0) continue;
        std::string_view rest = std::string_view(entry).substr(3);
        const int cpu = take_number(rest);
        if (cpu >= 0 && rest.empty()) cpus.push_back(cpu);
    }
    std::sort(cpus.begin(), cpus.end());
    return cpus;
}

std::vector<PackageReader> readers_of(const FileTree& files, const std::vector<int>& cpus) {
    std::map<std::int64_t, std::set<std::int64_t>> dies;
    for (const int cpu : cpus) {
        const Place place = place_of(files, cpu);
        dies[place.package].insert(place.die);
    }
    std::vector<PackageReader> readers;
    for (const int cpu : cpus) {
        const Place place = place_of(files, cpu);
        std::string name = fmt::format("package-{}", place.package);
        if (dies[place.package].size() > 1) name += fmt::format("-die-{}", place.die);
        readers.push_back({cpu, std::move(name)});
    }
    return readers;
}

std::vector<PackageReader> one_reader_each(const FileTree& files, const std::vector<int>& cpus,
                                           Spread spread) {
    std::set<Place> covered;
    std::vector<int> chosen;
    for (const int cpu : cpus) {
        Place place = place_of(files, cpu);
        if (spread == Spread::kPackages) place.die = 0;
        if (covered.insert(place).second) chosen.push_back(cpu);
    }
    return readers_of(files, chosen);
}

}  // namespace espalier::meters
