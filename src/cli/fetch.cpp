#include "hub/fetch.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/log.h"
#include "cli/command.h"
#include "cli/fetch_progress.h"
#include "cli/format.h"
#include "cli/hub_settings.h"

namespace espalier::cli {
namespace {

using nlohmann::json;

struct FetchCommand {
    std::string model;
    std::vector<std::string> include;
};

json to_json(const hub::Snapshot& snapshot, const hub::Reference& reference, bool written) {
    json files = json::array();
    for (const auto& file : snapshot.files) {
        files.push_back({{"file", file.path}, {"bytes", file.bytes}, {"cached", file.cached}});
    }
    return {{"schema", "espalier.fetch/1"},
            {"id", reference.id},
            {"revision", reference.revision},
            {"commit", snapshot.commit},
            {"folder", snapshot.folder.string()},
            {"bytes", snapshot.bytes()},
            {"missing_bytes", snapshot.missing_bytes()},
            {"written", written},
            {"files", files}};
}

void print_plain(const hub::Snapshot& snapshot) {
    for (const auto& file : snapshot.files) {
        fmt::print("{}\t{}\t{}\n", file.path, file.bytes, file.cached ? "cached" : "missing");
    }
}

void print_dry_run(const hub::Snapshot& snapshot, const hub::Reference& reference) {
    fmt::print("{} at commit {}\n", reference.id, snapshot.commit);
    for (const auto& file : snapshot.files) {
        fmt::print("  {:>9}  {}{}\n", human_bytes(file.bytes), file.path, file.cached ? "  (cached)" : "");
    }
    fmt::print("  {:>9}  in all, {} to download\nNothing was done. Run without -n to start.\n",
               human_bytes(snapshot.bytes()), human_bytes(snapshot.missing_bytes()));
}

hub::Snapshot fetch(const FetchCommand& command, const hub::Reference& reference, const Globals& globals) {
    const hub::Settings settings = hub_settings(globals);
    const bool silent = globals.quiet || means_yes(environment_variable("HF_HUB_DISABLE_PROGRESS_BARS"));
    FetchProgress progress(silent ? "none" : globals.progress);
    hub::FetchOptions options;
    options.include = command.include;
    options.dry_run = globals.dry_run;
    options.progress = [&](const hub::FetchProgress& now) { progress.report(now); };
    return hub::fetch(settings, reference, options);
}

void run(const FetchCommand& command, const Globals& globals) {
    const hub::Reference reference = hub::parse_reference(command.model);
    const hub::Snapshot snapshot = fetch(command, reference, globals);
    if (globals.json) {
        fmt::print("{}\n", to_json(snapshot, reference, !globals.dry_run).dump());
    } else if (globals.plain) {
        print_plain(snapshot);
    } else if (globals.dry_run) {
        print_dry_run(snapshot, reference);
    } else {
        log::info("{} files, {}, of which {} were downloaded. Next: espalier inspect {}",
                  snapshot.files.size(), human_bytes(snapshot.bytes()), human_bytes(snapshot.missing_bytes()),
                  reference.str());
        fmt::print("{}\n", snapshot.folder.string());
    }
}

}  // namespace

void add_fetch(CLI::App& app, Globals& globals, int&) {
    auto options = std::make_shared<FetchCommand>();
    CLI::App* command = app.add_subcommand("fetch", "Download a model from the Hub into its cache, verified");
    command->group("Start");
    command
        ->add_option("model", options->model,
                     "ORG/NAME, with @REVISION (branch, tag, refs/pr/N, commit) or not")
        ->required();
    command->add_option(
        "--include", options->include,
        "Files that match this pattern, instead of those a classifier needs; may be repeated");
    command->footer(
        "Prints the folder of the snapshot. An interrupted download goes on where it was.\n"
        "Examples:\n"
        "  espalier fetch google/vit-base-patch16-224 -n              files and sizes only\n"
        "  espalier fetch microsoft/resnet-50@refs/pr/4\n"
        "  espalier inspect $(espalier fetch -q facebook/convnext-tiny-224)\n"
        "Environment: HF_HOME, HF_HUB_CACHE, HF_TOKEN, HF_HUB_OFFLINE, HF_ENDPOINT, as huggingface_hub reads "
        "them.");
    command->callback([options, &globals] { run(*options, globals); });
}

}  // namespace espalier::cli
