#include <fmt/core.h>

#include <algorithm>

#include "meters/hwmon/chips.h"
#include "meters/hwmon/hwmon.h"
#include "meters/hwmon/ina3221_meter.h"
#include "meters/number_file.h"

namespace espalier::meters {
namespace {

constexpr Seconds kUnknownInterval{0.1};  // longer than any setting that boards ship with

std::optional<double> number_in(const FileTree& files, const std::string& path) {
    const NumberRead number = read_count(files, path);
    const std::int64_t* value = std::get_if<std::int64_t>(&number);
    if (value == nullptr || *value == 0) return std::nullopt;
    return static_cast<double>(*value);
}

/// The rails of one chip: its first three channels. Further ones are voltages over shunts, and sums.
std::vector<Ina3221Rail> rails_of(const FileTree& files, const HwmonChip& chip) {
    std::vector<Ina3221Rail> rails;
    for (int channel = 1; channel <= 3; ++channel) {
        const auto file = [&](const char* kind, const char* what) {
            return fmt::format("{}/{}{}_{}", chip.folder, kind, channel, what);
        };
        if (!files.exists(file("in", "input")) || !files.exists(file("curr", "input"))) continue;
        Ina3221Rail rail{files.read(file("in", "label")).text, file("in", "input"), file("curr", "input")};
        if (rail.label.empty()) rail.label = fmt::format("{}/in{}", chip.address, channel);
        if (const auto micro_ohm = number_in(files, file("shunt", "resistor")))
            rail.shunt_ohm = 1e-6 * *micro_ohm;
        rails.push_back(std::move(rail));
    }
    return rails;
}

std::vector<HwmonChannel> files_of(const std::vector<Ina3221Rail>& rails) {
    std::vector<HwmonChannel> channels;
    for (const Ina3221Rail& rail : rails) {
        channels.push_back({"in", rail.label, rail.voltage_path});
        channels.push_back({"curr", rail.label, rail.current_path});
    }
    return channels;
}

}  // namespace

void discover_ina3221(const DiscoveryOptions& options, Discovery& discovery) {
    std::vector<Ina3221Rail> rails;
    Seconds interval;
    for (const HwmonChip& chip : find_hwmon_chips(options.files)) {
        if (chip.name != "ina3221") continue;
        for (Ina3221Rail& rail : rails_of(options.files, chip)) {
            // Unused inputs of several chips are all called "NC".
            const bool taken = std::any_of(rails.begin(), rails.end(), [&](const Ina3221Rail& other) {
                return other.label == rail.label;
            });
            if (taken) rail.label = fmt::format("{} ({})", rail.label, rail.voltage_path);
            rails.push_back(std::move(rail));
        }
        const auto milliseconds = number_in(options.files, chip.folder + "/update_interval");
        interval = std::max(interval, milliseconds ? Seconds(1e-3 * *milliseconds) : kUnknownInterval);
    }
    Finding finding{"ina3221",
                    "Power of a board's supply rails (INA3221)",
                    Tier::kIntegratedSensor,
                    {State::kAbsent, "no INA3221 power monitor", "only Jetson and similar boards have one"}};
    if (!rails.empty()) {
        const auto why = unreadable_channel(options.files, files_of(rails));
        finding.availability = why.value_or(Availability{State::kOk, "", ""});
    }
    if (finding.availability.state == State::kOk) {
        auto meter = std::make_unique<Ina3221Meter>(options.files, options.clock, rails, interval);
        finding.availability.reason = meter->description().scope;
        discovery.meters.push_back(std::move(meter));
    }
    discovery.findings.push_back(std::move(finding));
}

}  // namespace espalier::meters
