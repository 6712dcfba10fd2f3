#include "meters/memory/memory_meter.h"

#include <array>
#include <cstring>
#include <sstream>

namespace espalier::meters {
namespace {

/// Zone and the key that holds it, in the order of the description.
struct Line {
    const char* zone;
    const char* scope;
    const char* key;
};

constexpr std::array<Line, 2> kLines = {
    {{"resident", "memory resident now", "VmRSS"}, {"peak", "most memory resident so far", "VmHWM"}}};

std::string status_path(int process) {
    return (process == 0 ? "proc/self" : "proc/" + std::to_string(process)) + std::string("/status");
}

}  // namespace

std::optional<Bytes> kibibytes_of(const std::string& text, const std::string& key) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (line.rfind(key + ":", 0) != 0) continue;
        std::istringstream words(line.substr(key.size() + 1));
        std::int64_t kibibytes = 0;
        if (words >> kibibytes && kibibytes >= 0 && kibibytes < (std::int64_t{1} << 52))
            return Bytes{kibibytes * 1024};
        return std::nullopt;
    }
    return std::nullopt;
}

MemoryMeter::MemoryMeter(const FileTree& files, const Clock& clock, int process)
    : files_(files), clock_(clock), path_(status_path(process)) {
    description_.name = "memory";
    description_.source = "resident memory (" + files_.display(path_) + ")";
    description_.scope = process == 0 ? "this process" : "process " + std::to_string(process);
    description_.unit = UnitKind::kMemory;
    for (const Line& line : kLines) description_.zones.push_back({line.zone, line.scope, ZoneRole::kAdded});
    description_.resolution = 1024;
}

Reading MemoryMeter::read() {
    Reading reading{clock_.now(), {}};
    const FileContent content = files_.read(path_);
    for (const Line& line : kLines) {
        const auto bytes = kibibytes_of(content.text, line.key);
        if (bytes) {
            reading.zones.push_back(Value{*bytes, reading.time, 0, ""});
        } else if (!content.ok()) {
            reading.zones.push_back(
                Gap{GapKind::kUnreadable, files_.display(path_) + ": " + std::strerror(content.error)});
        } else {
            reading.zones.push_back(Gap{GapKind::kMalformed, files_.display(path_) + " has no " + line.key});
        }
    }
    return reading;
}

void discover_memory(const DiscoveryOptions& options, Discovery& discovery) {
    Finding finding{"memory", "resident and peak memory", Tier::kNone, {State::kOk, "", ""}};
    const std::string path = status_path(options.process);
    if (kibibytes_of(options.files.read(path).text, "VmRSS")) {
        discovery.meters.push_back(
            std::make_unique<MemoryMeter>(options.files, options.clock, options.process));
        finding.availability.reason = discovery.meters.back()->description().scope;
    } else {
        finding.availability = {State::kAbsent, options.files.display(path) + " has no VmRSS",
                                "mount -t proc proc /proc"};
    }
    discovery.findings.push_back(std::move(finding));
}

}  // namespace espalier::meters
