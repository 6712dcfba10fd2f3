#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>

#include "base/error.h"
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/gpu_access.h"
#include "cli/model_source.h"
#include "cli/named_meters.h"
#include "cli/plan_options.h"
#include "cli/run_progress.h"
#include "cli/stop_signals.h"
#include "cli/store_path.h"
#include "lab/environment.h"
#include "lab/machine_calibration.h"
#include "lab/quantities.h"
#include "lab/study.h"
#include "lab/verdict.h"
#include "lab/wall_time.h"
#include "meters/file_tree.h"
#include "store/calibrations.h"
#include "store/labels.h"
#include "store/lock.h"
#include "store/studies.h"
#include "store/trials.h"
#include "tactics/tactic.h"

namespace espalier::cli {
namespace {

struct RunOptions {
    std::string plan_file;
    PlanOptions plan;
    std::string budget;
    bool fresh = false;
    bool retry_failed = false;
};

/// The models that a draft names; none where it names none.
std::span<std::string> models_of(lab::PlanDraft& draft) {
    return draft.models ? std::span<std::string>(*draft.models) : std::span<std::string>();
}

/// A tactic that is not ours may be one of another runtime, which is asked later.
std::string canonical_tactic(const std::string& text, bool only_native) {
    try {
        return tactics::canonical(text);
    } catch (const Error&) {
        const auto of_name = [](char c) {
            return std::islower(c) || std::isdigit(c) || std::strchr(".:+-", c) != nullptr;
        };
        if (only_native || !std::all_of(text.begin(), text.end(), of_name)) throw;
        return text;
    }
}

std::vector<std::string> texts_of(const std::vector<meters::NamedMeter>& meters) {
    std::vector<std::string> texts;
    for (const auto& meter : meters) texts.push_back(meter.text);
    return texts;
}

/// Completes the plan from flags, file and defaults. Models on the Hub are brought here.
lab::Plan make_plan(const RunOptions& options, const Globals& globals) {
    lab::PlanDraft values = draft(options.plan);
    for (auto& model : models_of(values)) model = model_path(model, globals);
    if (!options.plan_file.empty()) {
        lab::PlanDraft file = lab::read_plan_file(options.plan_file);
        const auto folder = std::filesystem::absolute(options.plan_file).parent_path();
        if (values.models) file.models.reset();
        for (auto& model : models_of(file)) model = model_path_in_plan(model, folder, globals);
        if (values.meters) file.meters.reset();
        if (file.meters) file.meters = name_meters(texts_of(*file.meters));
        values = lab::merge(values, file);
    }
    const bool only_native = !values.runtimes || *values.runtimes == std::vector<std::string>{"native"};
    return lab::resolve(values, [=](const std::string& text) { return canonical_tactic(text, only_native); });
}

/// The runtimes of the plan, and how they are started.
struct PlanRuntimes {
    runtimes::Access access;
    lab::Runtimes runtimes;
};

PlanRuntimes open_runtimes(const RunOptions& options, const lab::Plan& plan) {
    // The plan has the workers already, those of its file too.
    auto access = runtime_access({options.plan.access.python, {}});
    auto made = lab::make_runtimes(plan, access);
    return {std::move(access), std::move(made)};
}

void say(const Globals& globals, const std::string& text) {
    if (globals.quiet) return;
    std::fflush(stdout);  // where both streams go to one file, this comes after what was printed before
    fmt::print(stderr, "{}\n", text);
}

std::string describe_design(const lab::Prepared& prepared) {
    const auto& plan = prepared.plan;
    return fmt::format(
        "{} model{}, {} variants x {} blocks = {} trials, random order, seed {}; {} images, batch {}, {} "
        "thread{}",
        plan.models.size(), plan.models.size() == 1 ? "" : "s", prepared.study.variants.size(), plan.blocks,
        prepared.study.trials.size(), plan.seed, prepared.study.dataset.images, plan.batch, plan.threads,
        plan.threads == 1 ? "" : "s");
}

/// Bytes of all files of preprocessed images.
double cache_bytes(const lab::Prepared& prepared) {
    double bytes = 0.0;
    for (const auto& model : prepared.models) {
        const auto& info = model.info;
        bytes += 4.0 * info.channels * info.height * info.width * static_cast<double>(model.images->size());
    }
    return bytes;
}

/// Variants of the first model that are compared with its reference.
int comparisons(const lab::Prepared& prepared) {
    const auto& variants = prepared.study.variants;
    return static_cast<int>(std::count_if(variants.begin(), variants.end(), [](const auto& variant) {
        return variant.model_id == 0 && !variant.is_baseline;
    }));
}

/// What a dry run tells besides the plan.
struct Forecast {
    lab::TimeEstimate time;
    std::string existing;  ///< key of the study that would be carried on; empty where there is none
    std::optional<lab::MachineCalibration> calibration;
};

nlohmann::json prospect_json(const lab::Prepared& prepared, const Forecast& forecast) {
    if (!forecast.calibration) return nullptr;
    const auto& plan = prepared.plan;
    const auto expected = lab::prospect(*forecast.calibration, plan.blocks, comparisons(prepared));
    return {{"quantity", expected.quantity},
            {"smallest_saving", expected.saving ? nlohmann::json(*expected.saving) : nlohmann::json(nullptr)},
            {"power", 0.8},
            {"calibrated_at", forecast.calibration->made_at},
            {"workload", forecast.calibration->settings.workload}};
}

void print_dry_run(const lab::Prepared& prepared, const Forecast& forecast, const Globals& globals) {
    const auto& estimate = forecast.time;
    const std::string& existing = forecast.existing;
    if (globals.json) {
        const nlohmann::json document = {
            {"schema", "espalier.dry-run/1"},
            {"trials", prepared.study.trials.size()},
            {"eta_s", estimate.left.value()},
            {"eta_basis", estimate.basis},
            {"cache_bytes", cache_bytes(prepared)},
            {"can_detect", prospect_json(prepared, forecast)},
            {"study", existing.empty() ? nlohmann::json(nullptr) : nlohmann::json(existing)},
            {"plan", lab::to_json(prepared.plan)}};
        fmt::print("{}\n", document.dump());
        return;
    }
    fmt::print("{}\n", describe_design(prepared));
    for (const auto& variant : prepared.study.variants) {
        const auto& model = prepared.study.models[static_cast<std::size_t>(variant.model_id)].name;
        fmt::print("  {}  {}\n", model, store::label(prepared.study, variant));
    }
    for (const auto& variant : prepared.left_out) fmt::print("  left out: {}\n", variant);
    fmt::print("about {} left, {}\n", lab::describe_duration(estimate.left), estimate.basis);
    fmt::print("{}\n", lab::describe_prospect(forecast.calibration ? &*forecast.calibration : nullptr,
                                              prepared.plan.blocks, comparisons(prepared)));
    fmt::print("{:.0f} MB of preprocessed images beside the store while it runs\n",
               cache_bytes(prepared) / 1e6);
    if (!existing.empty())
        fmt::print("study {} of this plan is in the store and would be carried on\n", existing);
    fmt::print("Nothing was done. Run without -n to start.\n");
}

void dry_run(const RunOptions& options, const Globals& globals) {
    const lab::Plan plan = make_plan(options, globals);
    const auto [access, runtimes] = open_runtimes(options, plan);
    const auto path = store_path(globals);
    const auto prepared = lab::prepare(plan, runtimes, path, gpu_access());
    std::error_code ignored;
    Forecast forecast;
    if (std::filesystem::exists(path, ignored)) {
        store::Database database(path, store::Access::kRead);
        store::Studies studies(database);
        if (const auto json = store::Calibrations(database).newest(lab::machine_id(meters::SystemFiles())))
            forecast.calibration = lab::calibration_from_text(*json);
        if (const auto known = studies.find_plan(prepared.study.plan_hash); known && !options.fresh) {
            lab::OpenedStudy opened;
            opened.run.study = studies.read(*known);
            forecast.existing = opened.run.study.key;
            forecast.time = lab::estimate_time(&database, &opened, prepared, runtimes);
        }
    }
    if (forecast.existing.empty()) forecast.time = lab::estimate_time(nullptr, nullptr, prepared, runtimes);
    print_dry_run(prepared, forecast, globals);
}

std::vector<double> prepare_inputs(const lab::Prepared& prepared, const lab::Runtimes& runtimes,
                                   RunProgress& progress) {
    lab::prepare_forms(prepared, runtimes);
    auto seconds =
        lab::prepare_pixels(prepared, [&](const std::string& model, std::int64_t done, std::int64_t total) {
            progress.preparing(model, done, total);
        });
    progress.finish();
    return seconds;
}

void watch_meters(lab::Prepared& prepared, const Globals& globals) {
    if (prepared.plan.meters.empty()) return;
    say(globals, "Watching the meters that were named, to see how often they have a new value ...");
    lab::watch_meters(prepared, gpu_access());
    say(globals,
        fmt::format("Measured windows are at least {} long", lab::describe_duration(prepared.window)));
}

/// Whether the plan was carried out already, so that no trial and no image is needed.
bool complete(store::Database& database, const lab::Prepared& prepared, const RunOptions& options) {
    const auto known = store::Studies(database).find_plan(prepared.study.plan_hash);
    if (!known || options.fresh) return false;
    const auto progress = store::Trials(database).progress(*known);
    const auto failed = options.retry_failed ? progress.failed : 0;
    return progress.planned + progress.running + failed == 0;
}

lab::RunSummary measure(store::Database& database, const lab::StudyRun& run, const RunOptions& options,
                        const lab::Plan& plan, RunProgress& progress) {
    const MonotonicClock clock;
    const StopSignals signals;
    lab::RunOptions control;
    control.stop_requests = StopSignals::count;
    control.report = [&](const lab::RunEvent& event) { progress.trial_ended(event); };
    if (!options.budget.empty()) control.budget = lab::parse_duration(options.budget, "--budget");
    store::Trials trials(database);
    const auto before = trials.progress(run.study.id);
    progress.begin(before, Seconds(trials.mean_seconds(run.study.id).value_or(0.0) *
                                   static_cast<double>(before.planned + before.running)));
    const std::string program = std::filesystem::read_symlink("/proc/self/exe").string();
    const auto summary =
        lab::carry_on(database, run, lab::in_own_process(program, plan.protocol.timeout), control, clock);
    progress.finish();
    return summary;
}

void conclude(store::Database& database, const lab::StudyRun& run, const lab::Plan& plan,
              const Globals& globals) {
    const auto study = store::read_study(database, run.study.id);
    const auto verdict = lab::judge(study, plan.limits, plan.costs);
    const std::string json = lab::to_json(verdict).dump();
    store::Studies(database).set_verdict(run.study.id, json, lab::utc_now());
    if (globals.json) {
        fmt::print("{}\n", json);
    } else if (globals.quiet) {
        fmt::print("{}\n", run.study.key);
    } else {
        fmt::print("{}", lab::describe(verdict, globals.verbose > 0));
    }
}

int exit_code(const lab::RunSummary& summary) {
    if (summary.interrupted) return StopSignals::exit_code();
    if (summary.progress.planned > 0) return kUnfinished;
    return summary.progress.failed > 0 ? kPartial : kOk;
}

int run(const RunOptions& options, const Globals& globals) {
    const lab::Plan plan = make_plan(options, globals);
    const auto [access, runtimes] = open_runtimes(options, plan);
    const auto path = store_path(globals);
    // Both before anything that takes long: the store's troubles are told at once.
    const store::Lock lock(path);
    store::Database database(path, store::Access::kWrite);
    auto prepared = lab::prepare(plan, runtimes, path, gpu_access());
    RunProgress progress(globals.quiet ? "none" : globals.progress);
    std::vector<double> preprocess_s(prepared.models.size());
    // Before the study is made, so that meters and images which cannot be used leave none behind.
    if (!complete(database, prepared, options)) {
        watch_meters(prepared, globals);
        preprocess_s = prepare_inputs(prepared, runtimes, progress);
    }
    const auto opened = lab::open_study(database, prepared, access, options.fresh);
    const auto& study = opened.run.study;
    say(globals, fmt::format("{} study {}: {}", opened.created ? "New" : "Carrying on", study.key,
                             describe_design(prepared)));
    if (options.retry_failed) store::Trials(database).retry_failed(study.id);
    lab::RunSummary summary;
    summary.progress = store::Trials(database).progress(study.id);
    if (summary.progress.planned + summary.progress.running > 0) {
        for (const auto& variant : prepared.left_out) say(globals, "Left out: " + variant);
        for (const auto& note : prepared.machine_notes) {
            if (note.code == "meter-broken") say(globals, "Warning: " + note.text);
        }
        lab::add_study_notes(database, opened.run, prepared, preprocess_s);
        summary = measure(database, opened.run, options, plan, progress);
    }
    const auto& counts = summary.progress;
    if (counts.planned > 0) {
        say(globals, fmt::format("{} of {} trials are saved. Continue with the same command.", counts.done,
                                 counts.total()));
        return exit_code(summary);
    }
    lab::remove_cache(prepared);
    if (counts.failed > 0) {
        say(globals,
            fmt::format("{} of {} trials failed; 'espalier show' lists them, --retry-failed tries them again",
                        counts.failed, counts.total()));
    }
    conclude(database, opened.run, plan, globals);
    say(globals, "Next: espalier report -o report.html");
    return exit_code(summary);
}

}  // namespace

void add_run(CLI::App& app, Globals& globals, int& exit_code_out) {
    auto options = std::make_shared<RunOptions>();
    CLI::App* command =
        app.add_subcommand("run", "Carry out a study, to a verdict; continues one that was interrupted");
    command->group("Measure");
    command->add_option("plan", options->plan_file, "plan.toml; flags override what it says");
    add_plan_options(*command, options->plan);
    command->add_option("--budget", options->budget,
                        "Begin no trial later than this, e.g. 30m; continue another time");
    command->add_flag("--fresh", options->fresh,
                      "Start a new study even if this plan was carried out before");
    command->add_flag("--retry-failed", options->retry_failed, "Try trials again that failed");
    command->footer(
        "Examples:\n"
        "  espalier run --model vit-mini/ --data images/test/ --images 200\n"
        "  espalier run --model vit-mini/ --data images/test/ --tactics compile,dynamic-quantization+compile "
        "--blocks 12\n"
        "  espalier run --model vit-mini/ --data images/test/ --runtime pytorch,native,onnxruntime\n"
        "  espalier run plan.toml -n\n"
        "Exit codes: 0 done, 5 done but some trials failed, 75 out of --budget, 130 or 143 interrupted.");
    command->callback([options, &globals, &exit_code_out] {
        if (globals.dry_run) {
            dry_run(*options, globals);
        } else {
            exit_code_out = run(*options, globals);
        }
    });
}

}  // namespace espalier::cli
