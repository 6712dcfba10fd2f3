#include "meters/perf/power_events.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>

#include "meters/number_file.h"
#include "meters/rapl/topology.h"

namespace espalier::meters {
namespace {

constexpr const char* kFolder = "sys/bus/event_source/devices/power";

/// An event's name and what powercap calls its domain.
struct DomainRow {
    const char* event;
    const char* domain;
};

constexpr std::array<DomainRow, 5> kDomains = {{{"energy-pkg", "package"},
                                                {"energy-ram", "dram"},
                                                {"energy-cores", "core"},
                                                {"energy-gpu", "uncore"},
                                                {"energy-psys", "psys"}}};

Availability broken(const FileTree& files, const std::string& path, const char* expected) {
    return {State::kBroken,
            fmt::format("{} says '{}', expected {}", files.display(path), files.read(path).text, expected),
            "report this to the kernel's vendor"};
}

/// "event=0x02" where format/event is "config:0-7": the number, shifted to where the format has it. Nothing
/// for more terms, and for terms outside `config`.
std::optional<std::uint64_t> parse_event(const FileTree& files, const std::string& text) {
    const auto equals = text.find('=');
    if (equals == std::string::npos) return std::nullopt;
    std::string_view digits = std::string_view(text).substr(equals + 1);
    const bool hexadecimal = digits.substr(0, 2) == "0x";
    if (hexadecimal) digits.remove_prefix(2);
    std::uint64_t number = 0;
    const char* end = digits.data() + digits.size();
    const auto result = std::from_chars(digits.data(), end, number, hexadecimal ? 16 : 10);
    if (digits.empty() || result.ec != std::errc() || result.ptr != end) return std::nullopt;
    const std::string format = files.read(fmt::format("{}/format/{}", kFolder, text.substr(0, equals))).text;
    constexpr std::string_view kConfig = "config:";
    if (format.rfind(kConfig, 0) != 0) return std::nullopt;
    unsigned shift = 64;
    std::from_chars(format.data() + kConfig.size(), format.data() + format.size(), shift);
    if (shift >= 64) return std::nullopt;
    return number << shift;
}

std::optional<double> parse_scale(const std::string& text) {
    double scale = 0;
    const char* end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, scale);
    if (result.ec != std::errc() || result.ptr != end || !(scale > 0 && scale < 1)) return std::nullopt;
    return scale;
}

std::optional<PowerEvent> read_event(const FileTree& files, const DomainRow& row) {
    const std::string path = fmt::format("{}/events/{}", kFolder, row.event);
    const auto config = parse_event(files, files.read(path).text);
    const auto scale = parse_scale(files.read(path + ".scale").text);
    if (!config || !scale || files.read(path + ".unit").text != "Joules") return std::nullopt;
    return PowerEvent{row.domain, *config, *scale};
}

}  // namespace

std::variant<PowerEvents, Availability> read_power_events(const FileTree& files) {
    if (!files.exists(kFolder)) {
        return Availability{State::kAbsent, "no power events under " + files.display(kFolder),
                            "modprobe intel_rapl_perf   (Linux 5.10 and older; newer ones have it built in "
                            "where the processor has the counters)"};
    }
    PowerEvents found;
    const std::string type_path = std::string(kFolder) + "/type";
    const NumberRead type = read_count(files, type_path);
    if (std::holds_alternative<Gap>(type)) return broken(files, type_path, "a number");
    found.type = static_cast<std::uint32_t>(std::get<std::int64_t>(type));
    const std::string mask_path = std::string(kFolder) + "/cpumask";
    found.cpus = parse_cpu_list(files.read(mask_path).text);
    if (found.cpus.empty()) return broken(files, mask_path, "a list of CPUs such as 0,18");
    for (const DomainRow& row : kDomains) {
        if (auto event = read_event(files, row)) found.events.push_back(std::move(*event));
    }
    if (found.events.empty() || found.events.front().domain != "package") {
        return Availability{State::kUnsupported,
                            fmt::format("{} has no energy-pkg in joules", files.display(kFolder)), ""};
    }
    return found;
}

}  // namespace espalier::meters
