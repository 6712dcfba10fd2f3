#include "cli/plan_options.h"

#include <CLI/CLI.hpp>

#include "cli/named_meters.h"
#include "lab/quantities.h"
#include "lab/regions/region.h"
#include "lab/wall_time.h"

namespace espalier::cli {
namespace {

/// A figure from a flag is true today, by the word of who typed it.
lab::CostFigure figure(double value, const char* flag) { return {value, lab::utc_now().substr(0, 10), flag}; }

template <typename Parse>
void set_figure(std::optional<lab::CostFigure>& target, const std::string& text, const char* flag,
                Parse parse) {
    if (!text.empty()) target = figure(parse(text, flag), flag);
}

void set_duration(std::optional<Seconds>& target, const std::string& text, const char* flag) {
    if (!text.empty()) target = lab::parse_duration(text, flag);
}

template <typename Target, typename Number>
void set_number(std::optional<Target>& target, Number number) {
    if (number >= 0) target = number;
}

}  // namespace

void add_decision_options(CLI::App& command, DecisionOptions& options) {
    const char* group = "Decision";
    command
        .add_option("--max-accuracy-drop", options.max_accuracy_drop, "Permitted loss of top-1 (default 1pt)")
        ->group(group);
    command
        .add_option("--min-effect", options.min_effect, "Smaller savings are not worth a change (default 2%)")
        ->group(group);
    command.add_option("--price", options.price, "Electricity, e.g. 0.25/kWh")->group(group);
    command.add_option("--carbon", options.carbon, "Carbon intensity of the grid, e.g. 350g/kWh")
        ->group(group);
    command
        .add_option("--region", options.region,
                    "Place whose carbon intensity is taken: a country (ESP), gcp:REGION or azure:REGION")
        ->group(group);
    command
        .add_option("--embodied", options.embodied,
                    "CO2e of making the machine over its years of use, e.g. 320kg/4y; SCI needs it")
        ->group(group);
    command.add_option("--rent", options.rent, "Price of the machine, electricity included, e.g. 1.20/h")
        ->group(group);
    command.add_option("--currency", options.currency, "Name of the money in --price and --rent")
        ->group(group);
    command.add_option("--pue", options.pue, "Facility energy over device energy, at least 1")->group(group);
    command.add_option("--images-per-day", options.images_per_day, "To say after how many days it pays back")
        ->group(group);
}

lab::PlanDraft draft(const DecisionOptions& options) {
    lab::PlanDraft result;
    if (!options.max_accuracy_drop.empty()) {
        result.max_accuracy_drop = lab::parse_points(options.max_accuracy_drop, "--max-accuracy-drop");
    }
    if (!options.min_effect.empty())
        result.min_effect = lab::parse_percent(options.min_effect, "--min-effect");
    set_figure(result.costs.price, options.price, "--price", lab::parse_price);
    set_figure(result.costs.carbon, options.carbon, "--carbon", lab::parse_carbon);
    set_figure(result.costs.embodied, options.embodied, "--embodied", lab::parse_embodied);
    set_figure(result.costs.rent, options.rent, "--rent", lab::parse_rent);
    if (options.pue != 0.0) result.costs.pue = figure(options.pue, "--pue");
    if (!options.region.empty()) {
        const auto region = lab::find_region(options.region);
        if (!result.costs.carbon) result.costs.carbon = region.carbon;
        if (!result.costs.pue) result.costs.pue = region.pue;
    }
    if (options.images_per_day > 0.0)
        result.costs.per_day = figure(options.images_per_day, "--images-per-day");
    if (!options.currency.empty()) {
        result.costs.currency = options.currency;
        result.currency_given = true;
    }
    return result;
}

void add_plan_options(CLI::App& command, PlanOptions& options) {
    command.add_option("-m,--model", options.models,
                       "Folder, .onnx file or ORG/NAME[@REVISION] of a model; several may be given");
    command.add_option("-d,--data", options.data,
                       "Labelled images: class folders, labels.csv, CIFAR .bin or IDX");
    command.add_option(
        "--calibration", options.calibration,
        "The same for tactics that look at images (default: those of --data that are not evaluated)");
    command
        .add_option("-t,--tactics", options.tactics,
                    "Tactics, separated by commas (default: all that look at no images)")
        ->delimiter(',');
    command
        .add_option("--runtime", options.runtimes,
                    "What executes the models, separated by commas; the first one's baseline is the "
                    "reference (default native)")
        ->delimiter(',');
    command.add_option("--device", options.device,
                       "What the runtimes execute on: cpu, cuda, ... (default cpu)");
    add_runtime_options(command, options.access);
    command.add_option("--blocks", options.blocks, "Repetitions of every variant (default 10)");
    command.add_option("--images", options.images,
                       "Use this many images, spread over the classes (default all)");
    command.add_option("--batch", options.batch, "Images per call (default 1)");
    command.add_option("--threads", options.threads, "Compute threads (default: usable processors)");
    command.add_option("--seed", options.seed, "Seed of the order and of the choice of images (default 1)");
    command.add_option("--meter", options.meters, kMeterHelp)->type_name("NAME");
    const char* group = "Protocol";
    command.add_option("--warmup", options.warmup, "Least calls before anything is measured (default 3)")
        ->group(group);
    command.add_option("--warmup-cap", options.warmup_cap, "Longest warm-up (default 2s)")->group(group);
    command.add_option("--window", options.window, "Shortest measured window (default 1s)")->group(group);
    command.add_option("--idle", options.idle, "Idle windows before and after each trial (default 0.2s)")
        ->group(group);
    command.add_option("--timeout", options.timeout, "Longest time a trial may take (default 10m)")
        ->group(group);
    command
        .add_option("--cool-down", options.cool_down,
                    "Longest wait for the temperature at which the first trial began (default 30s; 0s: none)")
        ->group(group);
    command
        .add_option("--control-every", options.control_every,
                    "Trials between two runs of the control workload (default 20; 0: none)")
        ->group(group);
    command
        .add_option("--exclude", options.exclude,
                    "Causes for which a trial is left out of the results (default suspended,throttled)")
        ->delimiter(',')
        ->group(group);
    command.add_option("--attempts", options.attempts, "Tries of a trial that crashes (default 3)")
        ->group(group);
    add_decision_options(command, options.decision);
}

lab::PlanDraft draft(const PlanOptions& options) {
    lab::PlanDraft result = draft(options.decision);
    if (!options.models.empty()) result.models = options.models;
    if (!options.data.empty()) result.data = options.data;
    if (!options.calibration.empty()) result.calibration = options.calibration;
    if (!options.tactics.empty()) result.tactics = options.tactics;
    if (!options.runtimes.empty()) result.runtimes = options.runtimes;
    if (!options.device.empty()) result.device = options.device;
    result.workers = workers(options.access);
    set_number(result.blocks, options.blocks);
    set_number(result.images, options.images);
    set_number(result.batch, options.batch);
    set_number(result.threads, options.threads);
    set_number(result.seed, options.seed);
    if (!options.meters.empty()) result.meters = name_meters(options.meters);
    set_number(result.warmup_calls, options.warmup);
    set_number(result.attempts, options.attempts);
    set_number(result.control_every, options.control_every);
    if (!options.exclude.empty()) result.exclude = options.exclude;
    set_duration(result.cool_down, options.cool_down, "--cool-down");
    set_duration(result.idle, options.idle, "--idle");
    set_duration(result.warmup_cap, options.warmup_cap, "--warmup-cap");
    set_duration(result.window, options.window, "--window");
    set_duration(result.timeout, options.timeout, "--timeout");
    return result;
}

}  // namespace espalier::cli
