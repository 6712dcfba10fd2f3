#include "report/environment.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "report/number_text.h"
#include "statistics/summary.h"

namespace espalier::report {
namespace {

using nlohmann::json;

struct Row {
    const char* key;
    const char* group;
    const char* name;
};

constexpr std::array kRows = {
    Row{"cpu", "Processor", "model"},
    Row{"isa", "Processor", "instruction set"},
    Row{"logical_cpus", "Processor", "logical processors"},
    Row{"usable_cpus", "Processor", "of these usable"},
    Row{"sockets", "Processor", "sockets"},
    Row{"governor", "Processor", "governor"},
    Row{"turbo_off", "Processor", "turbo switched off"},
    Row{"smt", "Processor", "simultaneous threads"},
    Row{"virtual_machine", "System", "virtual machine"},
    Row{"memory_bytes", "System", "memory"},
    Row{"kernel", "System", "kernel"},
    Row{"on_battery", "System", "on battery"},
    Row{"power_limit_w", "Processor", "power limit, W"},
    Row{"machine", "System", "machine"},
    Row{"load_1min", "System", "load before the study"},
    Row{"tool", "Software", "tool"},
    Row{"compiler", "Software", "compiler"},
};

/// Shown elsewhere, or of no interest to a reader.
constexpr std::array kHandled = {"schema", "meters", "findings", "gpus"};

/// Keys of a GPU's state, in words.
constexpr std::array kGpuRows = {
    Row{"driver_version", "", "driver"},
    Row{"power_limit_w", "W", "power limit"},
    Row{"max_graphics_mhz", "MHz", "highest clock"},
    Row{"graphics_mhz", "MHz", "clock before the study"},
    Row{"temperature_c", "degrees Celsius", "temperature before the study"},
    Row{"persistence_mode", "", "persistence mode"},
    Row{"ecc", "", "ECC"},
    Row{"mig", "", "MIG"},
};

Text text_of(const std::string& key, const json& value) {
    if (value.is_null()) return {};
    if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
    if (key == "memory_bytes" && value.is_number()) return significant(value.get<double>() / 1e9, 3) + " GB";
    if (!value.is_string()) return value.dump();
    const auto text = value.get<std::string>();
    if (key == "smt" || key == "turbo_off") return text == "1" ? "yes" : "no";
    return text.empty() ? Text() : Text(text);
}

bool known(const std::string& key) {
    return std::any_of(kRows.begin(), kRows.end(), [&](const Row& row) { return key == row.key; }) ||
           std::find(kHandled.begin(), kHandled.end(), key) != kHandled.end();
}

std::string text_at(const json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

Meter meter_from(const json& object) {
    Meter meter{text_at(object, "name"),
                text_at(object, "tier"),
                text_at(object, "source"),
                text_at(object, "scope"),
                {},
                {}};
    const auto refresh = object.find("refresh_period_s");
    if (refresh != object.end() && refresh->is_number()) meter.refresh_ms = refresh->get<double>() * 1e3;
    std::string notes;
    const auto list = object.find("notes");
    if (list != object.end() && list->is_array()) {
        for (const auto& note : *list) {
            if (note.is_string()) notes += (notes.empty() ? "" : "; ") + note.get<std::string>();
        }
    }
    if (!notes.empty()) meter.note = notes;
    return meter;
}

/// What was looked for and could not be read, with the reason and the way to allow it.
void add_findings(const json& findings, std::vector<Fact>& facts) {
    for (const auto& finding : findings) {
        if (!finding.is_object() || text_at(finding, "state") == "ok") continue;
        const std::string reason = text_at(finding, "reason");
        const std::string fix = text_at(finding, "fix");
        const std::string note = reason + (reason.empty() || fix.empty() ? "" : "; ") + fix;
        facts.push_back({"Not readable here", text_at(finding, "what"), text_at(finding, "state"),
                         note.empty() ? Text() : Text(note)});
    }
}

Text gpu_text(const json& gpu, const Row& row) {
    const auto found = gpu.find(row.key);
    if (found == gpu.end()) return {};
    const Text text = text_of(row.key, *found);
    const std::string unit = row.group;
    return text && !unit.empty() ? Text(*text + " " + unit) : text;
}

/// One fact for each GPU, and its state in rows of its own.
void add_gpus(const json& gpus, std::vector<Fact>& facts) {
    for (std::size_t i = 0; i < gpus.size(); ++i) {
        if (!gpus[i].is_object()) continue;
        const std::string group = gpus.size() == 1 ? "GPU" : fmt::format("GPU {}", i);
        const std::string name = text_at(gpus[i], "name");
        facts.push_back({group, "model", name.empty() ? Text() : Text(name), text_at(gpus[i], "uuid")});
        for (const auto& row : kGpuRows) facts.push_back({group, row.name, gpu_text(gpus[i], row), {}});
    }
}

/// Standard deviation over mean.
Text scatter_text(const std::vector<double>& values) {
    if (values.size() < 2) return {};
    const double mean = statistics::mean(values);
    if (!(mean > 0.0)) return {};
    return significant(statistics::standard_deviation(values) / mean * 100.0, 2) + " %";
}

Text machine_of(const json& object) {
    const std::string cpu = text_at(object, "cpu");
    if (cpu.empty()) return {};
    const auto usable = object.find("usable_cpus");
    if (usable == object.end() || !usable->is_number_integer()) return cpu;
    return fmt::format("{}, {} processors", cpu, usable->get<int>());
}

}  // namespace

Environment read_environment(const std::string& text) {
    const auto object = json::parse(text, nullptr, false);
    Environment environment;
    if (!object.is_object()) {
        environment.facts = {{"Other", "environment", {}, "it was not recorded"}};
        return environment;
    }
    for (const auto& row : kRows) {
        const auto found = object.find(row.key);
        if (found != object.end()) {
            environment.facts.push_back({row.group, row.name, text_of(row.key, *found), {}});
        }
    }
    for (const auto& [key, value] : object.items()) {
        if (!known(key)) environment.facts.push_back({"Other", key, text_of(key, value), {}});
    }
    if (object.contains("gpus") && object.at("gpus").is_array())
        add_gpus(object.at("gpus"), environment.facts);
    if (object.contains("findings")) add_findings(object.at("findings"), environment.facts);
    if (object.contains("meters") && object.at("meters").is_array()) {
        for (const auto& meter : object.at("meters")) {
            if (meter.is_object()) environment.meters.push_back(meter_from(meter));
        }
    }
    environment.machine = machine_of(object);
    return environment;
}

std::vector<Fact> describe_controls(const std::vector<store::ControlRecord>& controls) {
    if (controls.empty()) return {};
    std::vector<double> times;
    std::vector<double> energies;
    for (const auto& control : controls) {
        times.push_back(control.time_s);
        if (control.energy_j) energies.push_back(*control.energy_j);
    }
    const Text runs = fmt::format("{} runs", controls.size());
    std::vector<Fact> facts = {{"Control workload", "the same work each time", runs, {}},
                               {"Control workload", "scatter of time", scatter_text(times), {}}};
    if (!energies.empty()) {
        const auto& control = controls.front();
        facts.push_back({"Control workload", "scatter of energy", scatter_text(energies),
                         fmt::format("{}, tier {}, {}", control.meter, control.tier, control.scope)});
    }
    return facts;
}

}  // namespace espalier::report
