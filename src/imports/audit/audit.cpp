#include "imports/audit/audit.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace espalier::imports {
namespace {

using nlohmann::json;

constexpr void (*kChecks[])(const Measurements&, Artefacts&) = {
    check_repetitions, check_accuracy, check_sizes,   check_devices,
    check_utilization, check_energies, check_windows,
};

std::size_t count(const Artefacts& artefacts, Severity severity) {
    return static_cast<std::size_t>(
        std::count_if(artefacts.begin(), artefacts.end(),
                      [&](const auto& artefact) { return artefact.kind->severity == severity; }));
}

}  // namespace

Artefacts audit(const Measurements& measurements) {
    Artefacts all = measurements.found;
    for (const auto check : kChecks) check(measurements, all);
    std::stable_sort(all.begin(), all.end(),
                     [](const auto& a, const auto& b) { return a.kind->severity < b.kind->severity; });
    return all;
}

std::string describe(const Artefacts& artefacts, const std::string& subject) {
    if (artefacts.empty()) return fmt::format("No artefact found in {}.\n", subject);
    std::string text =
        fmt::format("{} artefact{} in {}: {} impossible, {} suspicious\n", artefacts.size(),
                    artefacts.size() == 1 ? "" : "s", subject, count(artefacts, Severity::kImpossible),
                    count(artefacts, Severity::kSuspicious));
    for (const auto& artefact : artefacts) {
        const auto& kind = *artefact.kind;
        text +=
            fmt::format("\n{}  {}\n  where    {}\n  figures  {}\n  why      {}\n  do       {}\n", kind.code,
                        name(kind.severity), artefact.where, artefact.figures, kind.why, kind.advice);
    }
    return text;
}

json to_json(const Artefacts& artefacts, const Measurements& measurements) {
    json list = json::array();
    for (const auto& artefact : artefacts) {
        list.push_back({{"code", artefact.kind->code},
                        {"severity", name(artefact.kind->severity)},
                        {"where", artefact.where},
                        {"figures", artefact.figures},
                        {"why", artefact.kind->why},
                        {"advice", artefact.kind->advice}});
    }
    json files = json::array();
    for (const auto& file : measurements.files) {
        files.push_back(
            {{"path", file.path}, {"sha256", file.sha256}, {"bytes", file.bytes}, {"rows", file.rows}});
    }
    return {{"schema", "espalier.audit/1"},
            {"format", measurements.format},
            {"files", files},
            {"variants", measurements.variants.size()},
            {"repetitions", measurements.repetitions.size()},
            {"artefacts", list}};
}

}  // namespace espalier::imports
