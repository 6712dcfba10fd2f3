#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/cpu_features.h"
#include "base/error.h"
#include "base/version.h"
#include "cli/command.h"
#include "cli/gpu_access.h"
#include "cli/model_source.h"
#include "cli/stop_signals.h"
#include "cli/store_path.h"
#include "lab/control.h"
#include "lab/control_workload.h"
#include "lab/environment.h"
#include "lab/machine_calibration.h"
#include "lab/protocol.h"
#include "lab/quantities.h"
#include "lab/wall_time.h"
#include "meters/discovery.h"
#include "store/calibrations.h"
#include "store/lock.h"
#include "tactics/tactic.h"

namespace espalier::cli {
namespace {

/// Of one run with or without the sampler.
constexpr Seconds kOverheadRun{1.0};

struct CalibrateOptions {
    std::string model;
    std::string data;
    std::string idle = "30s";
    std::string window;
    int blocks = 10;
    int pairs = 10;
    int images = 0;
    int batch = 1;
    int threads = 0;
    std::int64_t seed = 1;
};

/// What the A/A comparison runs, and the files of images to remove afterwards.
struct Arms {
    lab::MachineSettings settings;
    std::optional<lab::Prepared> prepared;
};

lab::PlanDraft draft_of(const CalibrateOptions& options) {
    lab::PlanDraft draft;
    draft.tactics = std::vector<std::string>{};
    draft.blocks = options.blocks;
    draft.images = options.images;
    draft.batch = options.batch;
    if (options.threads > 0) draft.threads = options.threads;
    draft.seed = options.seed;
    if (!options.window.empty()) draft.window = lab::parse_duration(options.window, "--window");
    return draft;
}

Arms arms_of_control(const CalibrateOptions& options) {
    lab::PlanDraft draft = draft_of(options);
    // The control workload reads neither; the plan gives its checks and defaults.
    draft.models = std::vector<std::string>{"."};
    draft.data = ".";
    const lab::Plan plan = lab::resolve(draft, [](const std::string& text) { return text; });
    Arms arms;
    arms.settings.trial = lab::control_request(plan.threads, plan.protocol);
    arms.settings.trial.protocol = plan.protocol;
    return arms;
}

Arms arms_of_model(const CalibrateOptions& options, const Globals& globals) {
    lab::PlanDraft draft = draft_of(options);
    draft.models = std::vector<std::string>{model_path(options.model, globals)};
    if (!options.data.empty()) draft.data = options.data;
    const lab::Plan plan =
        lab::resolve(draft, [](const std::string& text) { return tactics::canonical(text); });
    const auto runtimes = lab::make_runtimes(plan, {});
    Arms arms;
    arms.prepared = lab::prepare(plan, runtimes, store_path(globals), gpu_access());
    arms.settings.trial = lab::baseline_trial(*arms.prepared);
    arms.settings.workload = arms.prepared->study.models.front().name;
    arms.settings.model_sha256 = arms.settings.trial.model_sha256;
    return arms;
}

Arms make_arms(const CalibrateOptions& options, const Globals& globals) {
    if (options.model.empty() && !options.data.empty())
        fail_usage(
            "--data needs --model: without a model the control workload is run, which reads no images");
    Arms arms = options.model.empty() ? arms_of_control(options) : arms_of_model(options, globals);
    arms.settings.blocks = options.blocks;
    arms.settings.pairs = options.pairs;
    arms.settings.seed = static_cast<std::uint64_t>(options.seed);
    arms.settings.idle = lab::parse_duration(options.idle, "--idle");
    return arms;
}

/// At least; trials take as long as their model needs.
Seconds shortest_time(const lab::MachineSettings& settings) {
    const auto& protocol = settings.trial.protocol;
    const Seconds trial = 2.0 * protocol.idle + protocol.window + Seconds(0.5);
    return settings.idle + kOverheadRun * (2.0 * settings.pairs) + trial * (2.0 * settings.blocks);
}

void measure_here(const lab::MachineSettings& settings, lab::MachineCalibration& result) {
    MonotonicClock clock;
    const meters::SystemFiles files;
    const meters::SystemPerfEvents perf;
    const auto discovery = meters::discover({.files = files,
                                             .clock = clock,
                                             .gpus = gpu_access(),
                                             .perf = &perf,
                                             .amd_gpus = meters::amdsmi::open_system_library});
    std::vector<meters::Meter*> meters;
    for (const auto& meter : discovery.meters) meters.push_back(meter.get());
    meters::Sampler sampler(meters, clock);
    result.machine = lab::machine_id(files);
    result.machine_name = cpu_model();
    result.idle = lab::measure_idle(sampler, clock, settings.idle);
    lab::ControlWorkload workload(settings.trial.threads);
    workload.load();
    result.overhead = lab::measure_overhead(sampler, workload, clock, lab::process_cpu_time, settings.pairs,
                                            kOverheadRun, settings.seed);
}

void say(const Globals& globals, const std::string& text) {
    if (!globals.quiet) fmt::print(stderr, "{}\n", text);
}

lab::MachineCalibration measure(const Arms& arms, const Globals& globals) {
    const auto& settings = arms.settings;
    if (arms.prepared) lab::prepare_pixels(*arms.prepared, [](const auto&, auto, auto) {});
    say(globals, fmt::format("About {} at least. Leave the machine alone meanwhile.",
                             lab::describe_duration(shortest_time(settings))));
    const StopSignals signals;
    lab::MachineCalibration result;
    result.settings = settings;
    result.version = kVersion;
    measure_here(settings, result);
    const std::string program = std::filesystem::read_symlink("/proc/self/exe").string();
    result.noise = lab::measure_noise(
        settings, lab::in_own_process(program, settings.trial.protocol.timeout),
        [] { return StopSignals::count() > 0; },
        [&](int done, int total) { say(globals, fmt::format("trial {} of {}", done, total)); });
    result.made_at = lab::utc_now();
    if (arms.prepared) lab::remove_cache(*arms.prepared);
    return result;
}

void calibrate(const CalibrateOptions& options, const Globals& globals) {
    const auto path = store_path(globals);
    const store::Lock lock(path);
    store::Database database(path, store::Access::kWrite);
    const Arms arms = make_arms(options, globals);
    if (globals.dry_run) {
        fmt::print("{} twice in each of {} blocks, about {} at least. Nothing was done.\n",
                   arms.settings.workload, arms.settings.blocks,
                   lab::describe_duration(shortest_time(arms.settings)));
        return;
    }
    const auto result = measure(arms, globals);
    const std::string document =
        lab::to_json(result).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    store::Calibrations(database).add(result.machine, result.made_at, document);
    fmt::print("{}", globals.json ? document + "\n" : lab::describe(result));
}

}  // namespace

void add_calibrate(CLI::App& app, Globals& globals, int&) {
    auto options = std::make_shared<CalibrateOptions>();
    CLI::App* command = app.add_subcommand(
        "calibrate",
        "Idle power, own overhead, noise floor, and how many blocks show how small a difference");
    command->group("Measure");
    command->add_option("-m,--model", options->model,
                        "Model whose baseline is measured twice (default: a control workload of our own)");
    command->add_option("-d,--data", options->data, "Its images, as for 'run'");
    command->add_option("--blocks", options->blocks, "Blocks of the comparison (default 10)")
        ->check(CLI::Range(2, 10000));
    command->add_option("--pairs", options->pairs, "Runs with and without sampling (default 10)")
        ->check(CLI::Range(1, 1000));
    command->add_option("--idle", options->idle, "How long the idle power is measured (default 30s)");
    command->add_option("--window", options->window, "Shortest measured window of a trial (default 1s)");
    command->add_option("--images", options->images, "Use this many images (default all)");
    command->add_option("--batch", options->batch, "Images per call (default 1)");
    command->add_option("--threads", options->threads, "Compute threads (default: usable processors)");
    command->add_option("--seed", options->seed, "Seed of the order (default 1)");
    command->footer(
        "Examples:\n"
        "  espalier calibrate\n"
        "  espalier calibrate --model vit-mini/ --data images/test/ --blocks 20\n"
        "What it finds is kept in the store, for this machine, and used by 'espalier run --dry-run'.");
    command->callback([options, &globals] { calibrate(*options, globals); });
}

}  // namespace espalier::cli
