#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cli/command.h"
#include "cli/import_options.h"
#include "cli/store_path.h"
#include "imports/audit/audit.h"
#include "imports/study.h"
#include "lab/wall_time.h"
#include "store/lock.h"

namespace espalier::cli {
namespace {

using nlohmann::json;

struct ImportCommand {
    ReadingOptions reading;
    imports::ImportOptions options;
};

json to_json(const store::StudyRecord& study, std::size_t artefacts, bool written) {
    json files = json::array();
    for (const auto& file : study.imported->files) {
        files.push_back(
            {{"path", file.path}, {"sha256", file.sha256}, {"bytes", file.bytes}, {"rows", file.rows}});
    }
    json notes = json::array();
    for (const auto& note : study.notes) notes.push_back(note.text);
    return {{"schema", "espalier.import/1"},
            {"study", study.key.empty() ? json(nullptr) : json(study.key)},
            {"written", written},
            {"name", study.imported->name},
            {"format", study.imported->format},
            {"files", files},
            {"models", study.models.size()},
            {"variants", study.variants.size()},
            {"repetitions", study.blocks},
            {"trials", study.trials.size()},
            {"images", study.dataset.images},
            {"artefacts", artefacts},
            {"notes", notes}};
}

void print(const store::StudyRecord& study, std::size_t artefacts, bool written) {
    std::int64_t rows = 0;
    for (const auto& file : study.imported->files) rows += file.rows;
    fmt::print("{}: {} of format {}, {} rows: {} models, {} variants, {} repetitions, {} images\n",
               written ? "study " + study.key : "would be imported", study.imported->name,
               study.imported->format, rows, study.models.size(), study.variants.size(), study.blocks,
               study.dataset.images);
    for (const auto& note : study.notes) fmt::print("note  {}\n", note.text);
    std::fflush(stdout);
    if (written)
        fmt::print(stderr, "Next: {}espalier verdict {}\n",
                   artefacts > 0 ? fmt::format("espalier audit --study {}; ", study.key.substr(0, 4)) : "",
                   study.key.substr(0, 4));
}

void import(const ImportCommand& command, const Globals& globals) {
    // Everything is read and understood before the store is touched.
    const auto measurements = read(command.reading);
    const auto artefacts = imports::audit(measurements);
    auto study = imports::study_of(measurements, artefacts, command.options, lab::utc_now());
    if (!globals.dry_run) {
        const auto path = store_path(globals);
        const store::Lock lock(path);
        store::Database database(path, store::Access::kWrite);
        imports::write_study(database, study, command.options.again);
    }
    if (globals.json) {
        fmt::print("{}\n", to_json(study, artefacts.size(), !globals.dry_run).dump());
    } else if (globals.quiet) {
        fmt::print("{}\n", study.key);
    } else {
        print(study, artefacts.size(), !globals.dry_run);
    }
}

}  // namespace

void add_import(CLI::App& app, Globals& globals, int&) {
    auto options = std::make_shared<ImportCommand>();
    CLI::App* command =
        app.add_subcommand("import",
                           "Measurements made elsewhere, as a study: the study's table, EnergiBridge, "
                           "nvidia-smi, codecarbon, timm");
    command->group("Keep");
    add_reading_options(*command, options->reading)->required();
    command->add_option("--name", options->options.name,
                        "What the study is called (default: the first file's name)");
    command->add_flag("--again", options->options.again, "Also a file that is in the store already");
    command->footer(
        "Examples:\n"
        "  espalier import results.csv                                       then verdict, compare, report "
        "as usual\n"
        "  espalier import baseline=a.csv compile=b.csv --images 500         logs of one run each, with "
        "their tactics\n"
        "  espalier import emissions.csv -n                                  what it would become\n" +
        format_help() +
        "All files become one study, or none does. docs/import.md tells how columns are mapped.");
    command->callback([options, &globals] { import(*options, globals); });
}

}  // namespace espalier::cli
