#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/import_options.h"
#include "cli/store_path.h"
#include "cli/table.h"
#include "imports/audit/audit.h"
#include "imports/study.h"
#include "store/studies.h"

namespace espalier::cli {
namespace {

struct AuditCommand {
    ReadingOptions reading;
    std::string study;
};

struct Subject {
    imports::Measurements measurements;
    std::string name;
};

Subject subject_of(const AuditCommand& command, const Globals& globals) {
    if (!command.reading.files.empty()) {
        if (!command.study.empty()) fail_usage("give files or --study, not both");
        Subject subject{read(command.reading), ""};
        for (const auto& file : subject.measurements.files)
            subject.name += (subject.name.empty() ? "" : ", ") + file.path;
        return subject;
    }
    store::Database database(store_path(globals), store::Access::kRead);
    const auto study = store::read_study(database, store::Studies(database).find(command.study));
    return {imports::measurements_of(study), "study " + study.key};
}

Table to_table(const imports::Artefacts& artefacts) {
    Table table = {{"code", "severity", "where", "figures"}};
    for (const auto& artefact : artefacts) {
        table.push_back({std::string(artefact.kind->code), imports::name(artefact.kind->severity),
                         artefact.where, artefact.figures});
    }
    return table;
}

int audit(const AuditCommand& command, const Globals& globals) {
    const Subject subject = subject_of(command, globals);
    const auto artefacts = imports::audit(subject.measurements);
    if (globals.json) {
        fmt::print("{}\n", imports::to_json(artefacts, subject.measurements).dump());
    } else if (globals.plain) {
        fmt::print("{}", write_plain(to_table(artefacts)));
    } else if (!globals.quiet) {
        fmt::print("{}", imports::describe(artefacts, subject.name));
    }
    return artefacts.empty() ? kOk : kGate;
}

}  // namespace

void add_audit(CLI::App& app, Globals& globals, int& exit_code) {
    auto options = std::make_shared<AuditCommand>();
    CLI::App* command = app.add_subcommand(
        "audit", "What cannot be in measurements, of foreign files or a study of the store");
    command->group("Keep");
    add_reading_options(*command, options->reading);
    command->add_option("--study", options->study,
                        "Study, by the beginning of its name (default, without files: the newest)");
    command->footer(
        "Examples:\n"
        "  espalier audit results.csv\n"
        "  espalier audit --study 7c1e --json\n" +
        format_help() +
        "A file shows more than the study imported from it: rows that are left out, and lines.\n"
        "Exit codes: 0 nothing found, 4 artefacts found, 2 the file cannot be understood.");
    command->callback([options, &globals, &exit_code] { exit_code = audit(*options, globals); });
}

}  // namespace espalier::cli
