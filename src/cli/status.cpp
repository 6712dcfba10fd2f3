#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/store_path.h"
#include "lab/quantities.h"
#include "store/lock.h"
#include "store/studies.h"
#include "store/trials.h"

namespace espalier::cli {
namespace {

using nlohmann::json;

struct Status {
    std::string study;
    store::Progress progress;
    bool running = false;
    std::optional<double> eta_s;  ///< nothing before the first trial is done

    const char* state() const {
        if (running) return "running";
        return progress.planned + progress.running == 0 ? "complete" : "stopped";
    }
};

Status read_status(const Globals& globals, const std::string& study) {
    const auto path = store_path(globals);
    store::Database database(path, store::Access::kRead);
    const store::Id id = store::Studies(database).find(study);
    store::Trials trials(database);
    Status status;
    status.study = store::Studies(database).read(id).key;
    status.progress = trials.progress(id);
    status.running = store::Lock::held(path);
    const auto left = static_cast<double>(status.progress.planned + status.progress.running);
    if (const auto mean = trials.mean_seconds(id)) status.eta_s = *mean * left;
    return status;
}

json to_json(const Status& status) {
    return {{"schema", "espalier.status/1"},
            {"study", status.study},
            {"state", status.state()},
            {"done", status.progress.done},
            {"failed", status.progress.failed},
            {"running", status.progress.running},
            {"planned", status.progress.planned},
            {"total", status.progress.total()},
            {"eta_s", status.eta_s ? json(*status.eta_s) : json(nullptr)}};
}

void print(const Status& status) {
    const auto& progress = status.progress;
    fmt::print("study {}  {}  {} of {} trials done", status.study, status.state(), progress.done,
               progress.total());
    if (progress.failed > 0) fmt::print(", {} failed", progress.failed);
    if (progress.planned + progress.running > 0) {
        fmt::print(", {}", status.eta_s ? lab::describe_duration(Seconds(*status.eta_s)) +
                                              " left, by the trials so far"
                                        : std::string("time left unknown before the first trial is done"));
    }
    fmt::print("\n");
    if (!status.running && progress.planned + progress.running > 0) {
        fmt::print(stderr, "Continue with the same 'espalier run' command.\n");
    }
}

}  // namespace

void add_status(CLI::App& app, Globals& globals, int&) {
    auto study = std::make_shared<std::string>();
    CLI::App* command = app.add_subcommand("status", "What is done, what is left, and how long it takes");
    command->group("Measure");
    command->add_option("study", *study, "Study, by the beginning of its name (default: the newest)");
    command->footer("Example: espalier status --json");
    command->callback([study, &globals] {
        const Status status = read_status(globals, *study);
        if (globals.json) {
            fmt::print("{}\n", to_json(status).dump());
        } else {
            print(status);
        }
    });
}

}  // namespace espalier::cli
