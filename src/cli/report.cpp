#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/version.h"
#include "cli/command.h"
#include "cli/plan_options.h"
#include "cli/shown_verdict.h"
#include "cli/store_path.h"
#include "lab/verdict.h"
#include "lab/wall_time.h"
#include "report/build.h"
#include "report/export.h"
#include "store/studies.h"

namespace espalier::cli {
namespace {

struct ReportOptions {
    std::string study;
    std::vector<std::string> outputs;
    std::string format;
    std::string title;
    DecisionOptions decision;
};

/// One place the report goes to.
struct Output {
    std::string path;  ///< "-": standard output
    report::Format format;
};

std::vector<Output> outputs(const ReportOptions& options, const Globals& globals) {
    std::vector<std::string> paths = options.outputs;
    if (paths.empty()) paths = {globals.json || !options.format.empty() ? "-" : "report.html"};
    std::vector<Output> all;
    for (const auto& path : paths) {
        auto format = globals.json ? report::Format::kJson : report::Format::kHtml;
        if (!options.format.empty())
            format = report::parse_format(options.format);
        else if (path != "-")
            format = report::format_of(path);
        all.push_back({path, format});
    }
    return all;
}

report::Report build(const ReportOptions& options, const Globals& globals) {
    store::Database database(store_path(globals), store::Access::kRead);
    auto study = store::read_study(database, store::Studies(database).find(options.study));
    const lab::Plan plan = lab::with_decision(lab::plan_from_text(study.plan), draft(options.decision));
    // Limits and prices given now take the place of those the study was begun with, everywhere in the report.
    study.plan = lab::to_json(plan).dump();
    report::BuildOptions build;
    build.version = kVersion;
    build.created = lab::utc_now();
    if (!options.title.empty()) build.title = options.title;
    const auto verdict = lab::judge(study, plan.limits, plan.costs);
    build.verdicts = shown_verdicts(study, verdict);
    build.across = shown_across(verdict);
    return report::build_report(study, build);
}

void write_report(const ReportOptions& options, const Globals& globals) {
    const auto places = outputs(options, globals);
    const auto report = build(options, globals);
    for (const auto& place : places) {
        const std::string text = report::render(report, place.format);
        if (place.path == "-") {
            std::fwrite(text.data(), 1, text.size(), stdout);
            continue;
        }
        if (!globals.dry_run) write_file_atomically(place.path, text);
        if (!globals.quiet) fmt::print(stderr, "{}{}\n", globals.dry_run ? "would write " : "", place.path);
    }
}

}  // namespace

void add_report(CLI::App& app, Globals& globals, int&) {
    auto options = std::make_shared<ReportOptions>();
    CLI::App* command = app.add_subcommand("report", "One self-contained HTML file; or CSV, JSON, Markdown");
    command->group("Decide");
    command->add_option("study", options->study, "Study, by the beginning of its name (default: the newest)");
    command
        ->add_option("-o,--output", options->outputs,
                     "File, its form by .html .json .csv .md; - for standard output; may be repeated")
        ->expected(1)
        ->take_all();
    command->add_option("--format", options->format, "html, json, csv, md or timm, whatever the file's name");
    command->add_option("--title", options->title, "Heading, instead of the question the study answers");
    add_decision_options(*command, options->decision);
    command->footer(
        "Examples:\n  espalier report                        writes report.html\n"
        "  espalier report 7c1e -o vit.html -o vit.csv\n"
        "  espalier report --format md            prints Markdown\n"
        "  espalier report --price 0.25/kWh -o -");
    command->callback([options, &globals] { write_report(*options, globals); });
}

}  // namespace espalier::cli
