#include "cli/doctor_text.h"

#include <fmt/core.h>

#include <array>
#include <nlohmann/json.hpp>

#include "base/version.h"

namespace espalier::cli {
namespace {

/// Area of the checks and its heading.
struct Area {
    const char* id;
    const char* heading;
};

constexpr std::array<Area, 4> kAreas = {
    {{"energy", "Energy"}, {"noise", "Noise"}, {"capability", "Capability"}, {"runtime", "Runtimes"}}};

constexpr const char* badge(meters::CheckState state) {
    switch (state) {
        case meters::CheckState::kOk:
            return "[ok]";
        case meters::CheckState::kWarn:
            return "[warn]";
        case meters::CheckState::kFail:
            return "[fail]";
        case meters::CheckState::kAbsent:
            break;
    }
    return "[--]";
}

std::string or_unknown(const std::string& text, const char* unknown) { return text.empty() ? unknown : text; }

std::string machine_line(const meters::Environment& environment) {
    std::string line = fmt::format(
        "espalier {} · {} · {} ({} processors)", kVersion, or_unknown(environment.system, "unknown system"),
        or_unknown(environment.cpu.model, "unknown processor"), environment.cpu.logical_cpus);
    if (environment.memory)
        line += fmt::format(" · {:.0f} GB", 1e-9 * static_cast<double>(environment.memory->value));
    return line + "\n";
}

std::string check_lines(const meters::Check& check) {
    std::string lines = fmt::format("  {:<6} {:<28} {}\n", badge(check.state), check.title, check.meaning);
    if (!check.fix.empty()) lines += fmt::format("         -> {}\n", check.fix);
    return lines;
}

std::string sentence(const char* opening, const std::vector<std::string>& items) {
    if (items.empty()) return "";
    std::string line = opening;
    for (std::size_t i = 0; i < items.size(); ++i) line += (i == 0 ? " " : "; ") + items[i];
    return line + ".\n";
}

std::string counted(int count, const char* noun) {
    return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string one_line(std::string text) {
    for (char& c : text) {
        if (c == '\n' || c == '\t') c = ' ';
    }
    return text;
}

}  // namespace

std::string doctor_text(const meters::Diagnosis& diagnosis) {
    std::string text = machine_line(diagnosis.environment);
    for (const Area& area : kAreas) {
        text += fmt::format("\n{}\n", area.heading);
        for (const meters::Check& check : diagnosis.checks) {
            if (check.area == area.id) text += check_lines(check);
        }
    }
    text += "\n" + sentence("You can:", diagnosis.can) + sentence("You cannot:", diagnosis.cannot);
    text += fmt::format("{}, {}.\n", counted(diagnosis.count(meters::CheckState::kFail), "problem"),
                        counted(diagnosis.count(meters::CheckState::kWarn), "warning"));
    return text;
}

std::string doctor_plain(const meters::Diagnosis& diagnosis) {
    std::string text;
    for (const meters::Check& check : diagnosis.checks) {
        text += fmt::format("{}\t{}\t{}\t{}\n", check.id, meters::name(check.state), one_line(check.meaning),
                            one_line(check.fix));
    }
    return text;
}

std::string doctor_json(const meters::Diagnosis& diagnosis) {
    nlohmann::json document = meters::to_json(diagnosis);
    document["schema"] = "espalier.doctor/1";
    document["version"] = kVersion;
    return document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace espalier::cli
