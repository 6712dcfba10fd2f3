#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cli/command.h"
#include "cli/plan_options.h"
#include "cli/store_path.h"
#include "lab/verdict.h"
#include "store/studies.h"

namespace espalier::cli {
namespace {

struct VerdictOptions {
    std::string study;
    DecisionOptions decision;
};

void print_verdict(const VerdictOptions& options, const Globals& globals) {
    store::Database database(store_path(globals), store::Access::kRead);
    const auto study = store::read_study(database, store::Studies(database).find(options.study));
    const lab::Plan plan = lab::with_decision(lab::plan_from_text(study.plan), draft(options.decision));
    const auto verdict = lab::judge(study, plan.limits, plan.costs);
    if (globals.json) {
        fmt::print("{}\n", lab::to_json(verdict).dump());
    } else {
        fmt::print("{}", lab::describe(verdict, globals.verbose > 0));
    }
}

}  // namespace

void add_verdict(CLI::App& app, Globals& globals, int&) {
    auto options = std::make_shared<VerdictOptions>();
    CLI::App* command = app.add_subcommand("verdict", "The recommendation, with its conditions");
    command->group("Decide");
    command->add_option("study", options->study, "Study, by the beginning of its name (default: the newest)");
    add_decision_options(*command, options->decision);
    command->footer(
        "Example: espalier verdict --max-accuracy-drop 0.5pt --price 0.25/kWh --images-per-day 20000");
    command->callback([options, &globals] { print_verdict(*options, globals); });
}

}  // namespace espalier::cli
