#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/store_path.h"
#include "cli/table.h"
#include "store/labels.h"
#include "store/studies.h"

namespace espalier::cli {
namespace {

using nlohmann::json;

struct ShowOptions {
    std::string study;
    bool trials = false;
};

json stored_json(const std::string& text) {
    json parsed = json::parse(text, nullptr, false);
    return parsed.is_discarded() ? json(nullptr) : parsed;
}

const store::VariantRecord* variant_of(const store::StudyRecord& study, const store::TrialRecord& trial) {
    for (const auto& variant : study.variants) {
        if (variant.id == trial.variant_id) return &variant;
    }
    return nullptr;
}

std::string model_name(const store::StudyRecord& study, store::Id model) {
    for (const auto& record : study.models) {
        if (record.id == model) return record.name;
    }
    return "";
}

json trial_json(const store::StudyRecord& study, const store::TrialRecord& trial) {
    json phases = json::array();
    for (const auto& phase : trial.phases) {
        phases.push_back({{"name", phase.name},
                          {"duration_s", phase.duration_s()},
                          {"calls", phase.calls},
                          {"images", phase.images},
                          {"cpu_s", phase.cpu_s ? json(*phase.cpu_s) : json(nullptr)}});
    }
    const auto* variant = variant_of(study, trial);
    return {{"block", trial.block},
            {"position", trial.position},
            {"model", variant ? model_name(study, variant->model_id) : ""},
            {"tactic", variant ? variant->tactic : ""},
            {"runtime", variant ? variant->runtime : ""},
            {"state", store::name(trial.state)},
            {"attempts", trial.attempts.size()},
            {"error", trial.error.empty() ? json(nullptr) : json(trial.error)},
            {"phases", phases}};
}

json import_json(const store::StudyRecord& study) {
    if (!study.imported) return nullptr;
    json files = json::array();
    for (const auto& file : study.imported->files) {
        files.push_back(
            {{"path", file.path}, {"sha256", file.sha256}, {"bytes", file.bytes}, {"rows", file.rows}});
    }
    return {{"name", study.imported->name}, {"format", study.imported->format}, {"files", files}};
}

json to_json(const store::StudyRecord& study) {
    json models = json::array();
    for (const auto& model : study.models) {
        models.push_back({{"name", model.name},
                          {"path", model.path},
                          {"architecture", model.architecture},
                          {"sha256", model.sha256},
                          {"classes", model.classes}});
    }
    json variants = json::array();
    for (const auto& variant : study.variants) {
        variants.push_back({{"variant", store::label(study, variant)},
                            {"model", model_name(study, variant.model_id)},
                            {"tactic", variant.tactic},
                            {"runtime", variant.runtime},
                            {"device", variant.device},
                            {"batch", variant.batch},
                            {"threads", variant.threads},
                            {"reference", variant.is_baseline}});
    }
    json trials = json::array();
    for (const auto& trial : study.trials) trials.push_back(trial_json(study, trial));
    json notes = json::array();
    for (const auto& note : study.notes) notes.push_back({{"code", note.code}, {"text", note.text}});
    return {
        {"schema", "espalier.study/1"},
        {"study", study.key},
        {"plan_sha256", study.plan_hash},
        {"created", study.created_at},
        {"imported", import_json(study)},
        {"tool_version", study.tool_version},
        {"plan", stored_json(study.plan)},
        {"data",
         {{"path", study.dataset.path}, {"sha256", study.dataset.sha256}, {"images", study.dataset.images}}},
        {"models", models},
        {"variants", variants},
        {"trials", trials},
        {"notes", notes},
        {"environment", stored_json(study.environment)}};
}

Table trial_table(const store::StudyRecord& study, bool all) {
    Table table = {{"block", "position", "model", "tactic", "state", "tries", "error"}};
    for (const auto& trial : study.trials) {
        if (!all && trial.state != store::TrialState::kFailed) continue;
        const auto* variant = variant_of(study, trial);
        table.push_back({std::to_string(trial.block + 1), std::to_string(trial.position + 1),
                         variant ? model_name(study, variant->model_id) : "",
                         variant ? store::label(study, *variant) : "", store::name(trial.state),
                         std::to_string(trial.attempts.size()), trial.error});
    }
    return table;
}

/// Of what an import may not tell.
std::string known(int value) { return value > 0 ? std::to_string(value) : "unknown"; }
std::string short_hash(const std::string& sha256) {
    return sha256.empty() ? "unknown" : sha256.substr(0, 12);
}

std::size_t count(const store::StudyRecord& study, store::TrialState state) {
    std::size_t number = 0;
    for (const auto& trial : study.trials) number += trial.state == state ? 1 : 0;
    return number;
}

void print(const store::StudyRecord& study, bool trials) {
    fmt::print("study     {}  of {}, espalier {}\n", study.key, study.created_at, study.tool_version);
    if (study.imported) {
        fmt::print("imported  {} ({}), {} repetitions\n", study.imported->name, study.imported->format,
                   study.blocks);
        for (const auto& file : study.imported->files) {
            fmt::print("file      {}, {} rows, {} bytes, sha256 {}\n", file.path, file.rows, file.bytes,
                       file.sha256);
        }
    } else {
        fmt::print("plan      {} blocks, seed {}, sha256 {}\n", study.blocks, study.seed,
                   study.plan_hash.substr(0, 12));
    }
    fmt::print("images    {} of {} ({}), sha256 {}\n", study.dataset.images, study.dataset.path,
               study.dataset.kind, short_hash(study.dataset.sha256));
    for (const auto& model : study.models) {
        fmt::print("model     {} ({}), {} classes, {}, sha256 {}\n", model.name, model.architecture,
                   known(model.classes), model.path, short_hash(model.sha256));
    }
    for (const auto& variant : study.variants) {
        fmt::print("variant   {} \u00b7 {} \u00b7 {} \u00b7 batch {} \u00b7 {} threads\n",
                   model_name(study, variant.model_id), variant.tactic, variant.runtime, known(variant.batch),
                   known(variant.threads));
    }
    fmt::print("trials    {} done, {} failed, {} to do\n", count(study, store::TrialState::kDone),
               count(study, store::TrialState::kFailed),
               count(study, store::TrialState::kPlanned) + count(study, store::TrialState::kRunning));
    for (const auto& note : study.notes) {
        if (note.trial_id == 0) fmt::print("note      {}\n", note.text);
    }
    if (trials || count(study, store::TrialState::kFailed) > 0)
        fmt::print("\n{}", write_aligned(trial_table(study, trials)));
}

void show(const ShowOptions& options, const Globals& globals) {
    store::Database database(store_path(globals), store::Access::kRead);
    const auto study = store::read_study(database, store::Studies(database).find(options.study));
    if (globals.json) {
        fmt::print("{}\n", to_json(study).dump());
    } else if (globals.plain) {
        fmt::print("{}", write_plain(trial_table(study, true)));
    } else {
        print(study, options.trials);
    }
}

}  // namespace

void add_show(CLI::App& app, Globals& globals, int&) {
    auto options = std::make_shared<ShowOptions>();
    CLI::App* command = app.add_subcommand("show", "One study: its plan, inputs, variants and trials");
    command->group("Keep");
    command->add_option("study", options->study, "Study, by the beginning of its name (default: the newest)");
    command->add_flag("--trials", options->trials, "List every trial, not only those that failed");
    command->footer("Example: espalier show 7c1e --trials");
    command->callback([options, &globals] { show(*options, globals); });
}

}  // namespace espalier::cli
